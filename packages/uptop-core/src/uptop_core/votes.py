"""Step 8, first half: the newest result of a node for a monitor, and how long it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.outcomes import FailedCondition, Reason, Timings

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor


class Vote(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one node last saw of one monitor. `observed` is when its check began, Unix seconds on
    the leader's clock. The rest is evidence.

    `proof` is what proved the node's own line after a network failure (`host`, `leader`);
    `isolated` marks a failure that nothing proved, so that it is history and no vote.
    """

    node: str
    observed: float
    up: bool
    reason: Reason | None = None
    detail: str = ""
    latency_ns: int = 0
    timings: Timings | None = None
    status_code: int | None = None
    address: str | None = None
    failed: tuple[FailedCondition, ...] = ()
    recheck: str | None = None
    sample: str | None = None
    proof: str | None = None
    isolated: bool = False

    @property
    def abstains(self) -> bool:
        """True when it says nothing about the target."""
        return self.isolated or self.is_mute

    @property
    def is_mute(self) -> bool:
        """True when it came of a fault of our own, or of the settings: as if nothing was said."""
        return self.reason is not None and self.reason.abstains

    @property
    def degraded(self) -> bool:
        """True when up with a soft condition failing."""
        return bool(self.failed) and self.up and any(one.soft for one in self.failed)


def fresh_for(monitor: Monitor) -> float:
    """How many seconds a vote counts after it was observed (DESIGN 9)."""
    return monitor.interval + monitor.effective_timeout + max(10.0, monitor.interval / 4)
