"""Outcomes and looks: whatever a check does, `run_check` makes one outcome of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import msgspec
import pytest

from uptop_core import (
    Check,
    CheckFailed,
    Condition,
    FailedCondition,
    HttpCheck,
    MissingExtra,
    Outcome,
    Reason,
    Timings,
    Vantage,
    run_check,
)
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import DETAIL_LIMIT, SAMPLE_LIMIT

pytestmark = pytest.mark.anyio

Behaviour = Callable[[Look], Awaitable[None]]


class ScriptedCheck(Check, tag="scripted", frozen=True, kw_only=True):
    """Does what the test says."""

    behaviour: Any

    async def run(self, look: Look) -> None:
        await self.behaviour(look)


async def outcome_of(behaviour: Behaviour, *conditions: Condition, timeout: float = 5.0) -> Outcome:
    return await run_check(
        ScriptedCheck(behaviour=behaviour, conditions=conditions), timeout=timeout
    )


async def be_up(look: Look) -> None:
    look.status = 200
    look.body = b"fine"


async def test_a_check_that_returns_is_up() -> None:
    outcome = await outcome_of(be_up)
    assert outcome.up
    assert outcome.reason is None
    assert outcome.status_code == 200
    assert outcome.sample is None
    assert outcome.timings.total_ns > 0


@pytest.mark.parametrize(
    ("phase", "reason", "detail"),
    [
        (None, Reason.TIMEOUT, "no answer within 0.02 s"),
        (Phase.DNS, Reason.DNS_ERROR, "the name was not resolved within 0.02 s"),
        (Phase.CONNECT, Reason.CONNECT_TIMEOUT, "no connection within 0.02 s"),
        (Phase.TLS, Reason.TIMEOUT, "the TLS handshake was not done within 0.02 s"),
        (Phase.FIRST_BYTE, Reason.TIMEOUT, "no answer within 0.02 s"),
        (Phase.TRANSFER, Reason.TIMEOUT, "the answer was not complete within 0.02 s"),
    ],
)
async def test_a_deadline_has_the_reason_of_the_phase_it_passes_in(
    phase: Phase | None, reason: Reason, detail: str
) -> None:
    async def hang(look: Look) -> None:
        look.enter(phase)
        await anyio.sleep_forever()

    outcome = await outcome_of(hang, timeout=0.02)
    assert outcome.reason is reason
    assert outcome.detail == detail
    assert outcome.timings.total_ns >= 20_000_000
    assert reason.is_network


async def test_a_failure_keeps_what_was_seen_until_then() -> None:
    async def fail(look: Look) -> None:
        look.status, look.address, look.body = 503, "192.0.2.7", b"\xffx" * SAMPLE_LIMIT
        raise CheckFailed(Reason.STATUS_MISMATCH, "s" * 1000)

    outcome = await outcome_of(fail)
    assert not outcome.up
    assert outcome.reason is Reason.STATUS_MISMATCH
    assert (outcome.status_code, outcome.address) == (503, "192.0.2.7")
    assert len(outcome.detail) == DETAIL_LIMIT
    assert outcome.sample is not None
    assert len(outcome.sample) == SAMPLE_LIMIT


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ZeroDivisionError("secret in the message"), "ZeroDivisionError in scripted"),
        (MissingExtra("the check", "uptop-core[checks]"), "the check needs an extra"),
        (NotImplementedError(), "NotImplementedError in scripted"),
    ],
)
async def test_a_fault_of_our_own_is_internal_and_no_vote(error: Exception, detail: str) -> None:
    async def break_down(look: Look) -> None:
        raise error

    outcome = await outcome_of(break_down)
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert outcome.abstains
    assert outcome.detail.startswith(detail)
    assert "secret" not in outcome.detail


async def test_a_hard_condition_that_fails_is_down_and_says_what_was_found() -> None:
    outcome = await outcome_of(be_up, Condition("status < 400"), Condition("status == 204"))
    assert outcome.reason is Reason.CONDITION_FAILED
    assert outcome.detail == "status == 204: found 200"
    assert outcome.failed == (FailedCondition("status == 204", "200"),)
    assert outcome.sample == "fine"
    assert not outcome.degraded


async def test_a_soft_condition_that_fails_is_up_and_degraded() -> None:
    outcome = await outcome_of(be_up, Condition("body contains x", soft=True))
    assert outcome.up
    assert outcome.degraded
    assert outcome.sample is None


async def test_a_text_that_is_no_condition_says_nothing_about_the_target() -> None:
    outcome = await outcome_of(be_up, Condition("statsu < 400"))
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert outcome.abstains
    assert "statsu" in outcome.detail


async def test_conditions_are_not_asked_when_the_check_itself_fails() -> None:
    async def fail(look: Look) -> None:
        raise CheckFailed(Reason.RESET, "closed")

    outcome = await outcome_of(fail, Condition("status == 200"))
    assert outcome.reason is Reason.RESET
    assert outcome.failed == ()


async def test_a_cancelled_caller_is_not_an_outcome() -> None:
    async def hang(look: Look) -> None:
        await anyio.sleep_forever()

    finished = False
    with anyio.move_on_after(0.02):
        await outcome_of(hang)
        finished = True
    assert not finished


def ticking(*times: int) -> Callable[[], int]:
    moments: Iterator[int] = iter(times)
    return lambda: next(moments)


def test_phases_add_up_over_redirects_and_what_is_between_them_does_not_count() -> None:
    look = Look(Vantage(), 5.0, clock_ns=ticking(0, 10, 30, 60, 100))
    look.enter(Phase.DNS)
    look.enter(Phase.CONNECT)
    look.enter(Phase.DNS)
    look.enter(None)
    assert look.timings() == Timings(dns_ns=20 + 40, connect_ns=30, total_ns=90)


def test_the_latency_that_a_check_sets_is_the_total() -> None:
    look = Look(Vantage(), 5.0, clock_ns=ticking(0))
    look.latency_ns = 7
    assert look.timings() == Timings(total_ns=7)


def test_only_our_own_and_blocked_targets_abstain() -> None:
    assert {reason for reason in Reason if reason.abstains} == {
        Reason.BLOCKED_TARGET,
        Reason.INTERNAL_ERROR,
    }


def test_a_name_that_does_not_exist_is_no_network_failure() -> None:
    assert not Reason.NXDOMAIN.is_network
    assert Reason.DNS_ERROR.is_network


def test_an_outcome_goes_over_the_wire_and_back() -> None:
    outcome = Outcome(
        up=False,
        reason=Reason.CONDITION_FAILED,
        timings=Timings(dns_ns=1, total_ns=2),
        failed=(FailedCondition("status == 204", "200", soft=True),),
    )
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
    assert msgspec.json.encode(Outcome(up=True)) == b'{"up":true}'


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (HttpCheck(url="https://example.com/", accepted_codes="ok"), "accepted_codes: 'ok' is"),
        (HttpCheck(url="example.com"), "url: must begin with http"),
        (HttpCheck(url=7), "TypeError in http"),  # type: ignore[arg-type]  # as a script may
    ],
)
async def test_settings_that_nobody_has_looked_at_are_named(check: Check, words: str) -> None:
    outcome = await run_check(check)
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert outcome.detail.startswith(words)
