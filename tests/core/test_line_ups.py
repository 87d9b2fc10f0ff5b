"""A network failure is told with the proof of the node's own line, in time."""

from __future__ import annotations

import anyio
import pytest

from tests.core.places import Town, town
from uptop_core.checks.http import HttpCheck
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.runner import RanResult, Runner
from uptop_core.wire import Assignment, Canaries

pytestmark = pytest.mark.anyio


def cut(found: Town, *names: str) -> None:
    for name in names:
        found.places[ord(name) - ord("a")].cut = True


async def test_a_failure_comes_with_a_host_that_was_reached_after_it() -> None:
    async with town() as found:
        await found.look("a", "b", "c", "d")
        cut(found, "a")
        await found.look("a")
        assert await found.proof_of("a", 2) == "host"
        assert [place.asked for place in found.places] == [2, 1, 2, 2]
        assert found.leader_asked == 0


async def test_without_any_host_the_leader_speaks_for_the_line() -> None:
    async with town() as found:
        await found.look("a", "b", "c", "d")
        cut(found, *"abcd")
        await found.look("a")
        assert await found.proof_of("a", 2) == "leader"


async def test_with_nobody_there_is_no_proof_and_it_comes_in_time() -> None:
    async with town() as found:
        await found.look("a", "b", "c", "d")
        cut(found, *"abcd")
        found.leader_is_there = False
        began = found.clock.now()
        await found.look("a")
        assert await found.proof_of("a", 2) == "none"
        assert found.at[-1] - began < 0.2 + 0.2 + 0.4 + 0.2  # timeout, then timeout + answer


async def test_that_the_leader_hears_itself_is_no_proof() -> None:
    async with town(leads=True) as found:
        await found.look("a", "b", "c", "d")
        cut(found, *"abcd")
        await found.look("a")
        assert await found.proof_of("a", 2) == "none"


async def test_a_canary_proves_the_line() -> None:
    async with town(2, canary=True) as found:
        cut(found, "a", "b")
        await found.look("a", "b")
        assert (await found.proof_of("a"), await found.proof_of("b")) == ("host", "host")


async def test_with_fewer_than_three_hosts_and_no_canary_none_is_needed() -> None:
    async with town(2) as found:
        cut(found, "a", "b")
        await found.look("a")
        assert await found.proof_of("a") is None
        assert found.places[1].asked == 0


async def test_a_failure_that_is_no_network_failure_goes_on_at_once() -> None:
    async with town() as found:
        for reason in (Reason.CONNECT_REFUSED, Reason.STATUS_MISMATCH, Reason.NXDOMAIN):
            found.fail("a", reason)
        assert [ran.proof for ran in found.results] == [None, None, None]


async def test_a_failure_of_names_takes_a_name_that_was_resolved() -> None:
    async with town() as found:
        await found.look("b", "c", "d")
        found.fail("a", Reason.DNS_ERROR)
        assert await found.proof_of("a") == "leader"
        found.fail("a", Reason.TIMEOUT)
        assert await found.proof_of("a", 2) == "host"
        found.line.take(_reached(found, "b", dns_ns=7))
        found.fail("a", Reason.DNS_ERROR)
        found.line.take(_reached(found, "b", dns_ns=7))
        assert await found.proof_of("a", 3) == "host"


def _reached(found: Town, name: str, dns_ns: int | None = None) -> RanResult:
    now = found.clock.now()
    outcome = Outcome(up=True, timings=Timings(dns_ns=dns_ns, total_ns=9))
    return RanResult(assignment=found.monitor(name), outcome=outcome, began=now, began_wall=now)


async def test_an_ordinary_check_that_succeeds_meanwhile_is_proof_too() -> None:
    async with town(timeout=5) as found:
        await found.look("b", "c")
        cut(found, *"abc")
        before = found.clock.now()
        found.fail("a")
        found.line.take(
            RanResult(
                assignment=found.monitor("d"), outcome=Outcome(up=True), began=before - 1,
                began_wall=0,
            )
        )  # fmt: skip
        assert found.line.waiting == 1
        found.line.take(_reached(found, "d"))
        assert await found.proof_of("a") == "host"
        assert found.line.waiting == 0


async def test_after_a_line_up_that_failed_the_next_failures_are_answered_at_once() -> None:
    async with town(5, timeout=0.3) as found:
        await found.look(*"abcde")
        cut(found, *"abcde")
        await found.look("a")
        assert await found.proof_of("a", 2) == "leader"
        asked = [place.asked for place in found.places]
        began = found.clock.now()
        found.fail("b")
        found.fail("c")
        assert await found.proof_of("c", 2) == "leader"
        assert found.clock.now() - began < 0.15
        assert [place.asked for place in found.places] == asked
        assert found.leader_asked == 2


async def test_a_line_that_works_again_is_found_out_before_that_time_is_over() -> None:
    async with town() as found:
        await found.look("a", "b", "c", "d")
        cut(found, *"abcd")
        await found.look("a")
        assert await found.proof_of("a", 2) == "leader"
        for place in found.places[1:]:
            place.cut = False
        await found.look("b")
        found.fail("a")
        assert await found.proof_of("a", 3) == "host"


async def test_one_line_up_at_a_time_serves_whatever_waits() -> None:
    async with town(6) as found:
        await found.look(*"abcdef")
        cut(found, *"abcd")
        await found.look(*"abcd")
        for name in "abcd":
            assert await found.proof_of(name, 2) == "host"
        assert found.places[4].asked + found.places[5].asked <= 2 + 2 * 2


async def test_what_waits_for_proof_delays_nobody() -> None:
    async with town(6, timeout=1.0, answer_s=1.0) as found:
        await found.look(*"abcdef")
        cut(found, *"abcde")
        runner = Runner(
            found.run, concurrency=2, clock=found.clock, on_result=found.line.take, soon_s=0.05
        )
        quick = Assignment(id="f", name="", check=HttpCheck(url=found.places[5].url), interval=0.1)
        found.line.update([*found.monitors[:5], quick])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runner.run)
            found.fail("a")
            found.places[5].cut = False
            runner.update([quick])
            before = len(found.results)
            await found.until(lambda: len(found.results) >= before + 4)
            assert runner.running <= 1
            runner.stop()
        assert await found.proof_of("a", 2) == "host"


async def test_a_stop_lets_go_of_what_waits_without_proof() -> None:
    async with town(timeout=1.0) as found:
        cut(found, *"abcd")
        found.fail("a")
        await anyio.wait_all_tasks_blocked()
        found.line.release()
        assert [ran.proof for ran in found.results] == ["none"]


async def test_a_canary_that_must_not_be_asked_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with town(3) as found:
        found.build(["169.254.169.254:80"], 0.4, leads=True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(found.line.run)
            for _ in range(2):
                cut(found, "b", "c")
                found.fail("a")
                await found.line.settled()
            tasks.cancel_scope.cancel()
    assert caplog.text.count("a canary cannot be asked") == 1


async def test_what_canaries_said_is_of_the_last_time_they_were_asked() -> None:
    async with town(2, canary=True) as found:
        assert found.line.canaries() == Canaries(count=1)
        cut(found, "a", "b")
        await found.look("a")
        assert await found.proof_of("a") == "host"
        await _asked(found)
        told = found.line.canaries()
        assert told == Canaries(count=1, up=1, age_ms=told.age_ms if told else None)


async def test_a_canary_that_did_not_answer_in_time_has_failed() -> None:
    async with town(2, canary=True) as found:
        cut(found, *"abc")
        await found.look("a")
        await _asked(found)
        told = found.line.canaries()
        assert told is not None
        assert (told.count, told.up, told.failed) == (1, 0, 1)
        assert told.age_ms is not None
        assert 0 < told.age_ms < 5000


async def _asked(found: Town) -> None:
    """Wait until a line-up is over."""
    with anyio.fail_after(5):
        while (told := found.line.canaries()) is None or told.age_ms is None:
            await anyio.sleep(0.01)


async def test_a_node_without_canaries_tells_of_none() -> None:
    async with town(3) as found:
        assert found.line.canaries() is None
