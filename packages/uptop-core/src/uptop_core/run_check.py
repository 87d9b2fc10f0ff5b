"""Step 3: run one check and make an outcome of whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed, ConfigError, MissingExtra
from uptop_core.looks import Look, Vantage
from uptop_core.outcomes import DETAIL_LIMIT, SAMPLE_LIMIT, Outcome, Reason
from uptop_core.prober.deadline import Deadline

if TYPE_CHECKING:
    from uptop_core.check import Check
    from uptop_core.outcomes import FailedCondition
    from uptop_core.prober.sockets import SharedSockets

_LOCAL = Vantage()


async def run_check(
    check: Check,
    *,
    timeout: float = 5.0,
    vantage: Vantage = _LOCAL,
    sockets: SharedSockets | None = None,
) -> Outcome:
    """Look at the target of `check` once and say what was found. Never raises for the target.

    `timeout` is in seconds and covers the whole look. `vantage` says what may be connected to; by
    default only public addresses. `sockets` are for those who run many checks on one event loop.
    A fault of our own becomes the reason `internal_error`, which is never a vote.
    """
    look = Look(vantage, timeout, sockets=sockets)
    reason: Reason | None = None
    detail = ""
    failed: tuple[FailedCondition, ...] = ()
    try:
        check.prepare()
        with Deadline(timeout):
            await check.run(look)
    except TimeoutError:
        reason, detail = look.cut_off()
    except CheckFailed as error:
        reason, detail = error.reason, error.detail
    except MissingExtra as error:
        reason, detail = Reason.INTERNAL_ERROR, str(error)
    except Exception as error:  # noqa: BLE001  our own bug must not become "target down"
        reason, detail = Reason.INTERNAL_ERROR, _fault(error, check)
    finally:
        if sockets is None:
            look.sockets.close()
    timings = look.timings()
    if reason is None and check.conditions:
        from uptop_core.conditions.evaluate import evaluate

        try:
            failed = evaluate(check.conditions, look, timings)
        except (MissingExtra, ConfigError) as error:
            reason, detail = Reason.INTERNAL_ERROR, str(error)
        except Exception as error:  # noqa: BLE001  as above
            reason, detail = Reason.INTERNAL_ERROR, f"{type(error).__name__} in a condition"
        hard = next((condition for condition in failed if not condition.soft), None)
        if hard is not None:
            reason = Reason.CONDITION_FAILED
            detail = f"{hard.text}: found {hard.found}"
    return Outcome(
        up=reason is None,
        reason=reason,
        detail=detail[:DETAIL_LIMIT],
        timings=timings,
        status_code=look.status,
        address=look.address,
        cert_end=look.cert_end,
        chain=look.chain,
        failed=failed,
        sample=_sample(look) if reason is not None and look.body else None,
    )


def _fault(error: Exception, check: Check) -> str:
    """What a fault is called. A script may run a check whose settings nobody has looked at: these
    are named then.
    """
    try:
        wrong = next(check.problems(), None)
    except Exception:  # noqa: BLE001  a setting of another type than it has
        wrong = None
    if wrong is not None:
        return f"{wrong.field}: {wrong.message}"
    return f"{type(error).__name__} in {check.kind()}"


def _sample(look: Look) -> str:
    return look.body[:SAMPLE_LIMIT].decode("utf-8", "replace")
