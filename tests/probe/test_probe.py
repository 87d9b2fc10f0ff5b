"""A whole probe against a leader that loses, garbles and refuses: FAULTS 5 and 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import pytest

from tests.probe.instances import probing
from tests.probe.scripted_server import Reply, answer, page
from tests.probe.stub_leader import REGISTER, RESULTS, StubLeader, monitor, refusal

if TYPE_CHECKING:
    from tests.probe.instances import Instance

pytestmark = pytest.mark.anyio


def often(*names: str) -> list[dict[str, Any]]:
    """Monitors that are checked 20 times a second."""
    return [monitor(name, interval=0.05) for name in names]


def assert_nothing_lost(leader: StubLeader, instance: Instance) -> None:
    assert leader.seqs("one") == list(range(1, instance.checked + 1))
    assert sum(batch.get("dropped", 0) for batch in leader.batches) == 0


async def test_results_reach_the_leader_with_all_they_carry() -> None:
    leader = StubLeader(*often("a"))
    async with leader.serving():
        async with probing(leader, cluster_secret="s3cret") as instance:
            instance.detail = "no answer within 5 s"
            await leader.until(lambda: len(leader.stored) >= 3)
        assert_nothing_lost(leader, instance)
    batch = leader.batches[0]
    assert (batch["node_id"], batch["instance"]) == ("eu-1", "one")
    result = leader.stored["one", 2]
    assert (result["monitor_id"], result["is_up"], result["reason"]) == ("a", False, "timeout")
    assert result["error_reason"] == "no answer within 5 s"
    assert abs(batch["sent_at"] - result["checked_at"]) < 5000
    assert 0 <= result["age_ms"] < 5000
    assert {request.headers["x-upkeep-secret"] for request in leader.requests} == {"s3cret"}
    registered = leader.requests[0].json()
    assert registered["region"] == "eu"
    assert {"http", "port"} <= set(registered["kinds"])
    assert "push" not in registered["kinds"]


async def test_a_recheck_is_answered_by_name() -> None:
    leader = StubLeader(monitor("a", interval=86_400))
    async with leader.serving(), probing(leader):
        await leader.until(lambda: leader.count(REGISTER) == 1)
        leader.assign(monitor("a", interval=86_400), rechecks=(("round-1", "a"),))
        await leader.until(lambda: len(leader.stored) == 1)
    assert leader.stored["one", 1]["recheck"] == "round-1"


@pytest.mark.parametrize(
    "reply",
    [
        page(),
        page(413),
        page(500),
        page(401),
        refusal(503, Retry_After="0"),
        refusal(429, Retry_After="0"),
        refusal(400),
        refusal(409, "unregistered"),
        Reply(body=b'{"ok": true, "accepted": 1, "duplicates": 0, "now": 1}', cut=30),
        Reply(lost=True),
    ],
    ids=["html", "413", "500", "401", "503", "429", "400", "409", "half a body", "cut"],
)
async def test_nothing_but_an_acknowledgement_frees_the_spool(reply: Reply) -> None:
    leader = StubLeader(*often("a", "b"))
    leader.faults[RESULTS] = [reply]
    async with leader.serving():
        async with probing(leader) as instance:
            await leader.until(lambda: leader.count(RESULTS) >= 1)
            await leader.until(lambda: len(leader.stored) >= 5)
        assert_nothing_lost(leader, instance)


async def test_lost_acknowledgements_double_nothing() -> None:
    leader = StubLeader(*often("a", "b"))
    leader.lose_after = 3
    async with leader.serving():
        async with probing(leader) as instance:
            await leader.until(lambda: len(leader.batches) >= 6)
        assert_nothing_lost(leader, instance)
    assert leader.duplicates >= 3


async def test_a_batch_that_is_too_large_is_halved_until_it_fits() -> None:
    leader = StubLeader(*often(*"abcdefgh"))
    leader.faults[RESULTS] = [refusal(503, Retry_After="1"), page(413), page(413)]
    async with leader.serving():
        async with probing(leader) as instance:
            await leader.until(lambda: len(leader.batches) >= 6)
        assert_nothing_lost(leader, instance)
    sizes = [
        len(request.json().get("results", ()))
        for request in leader.requests
        if request.path == RESULTS
    ]
    assert sizes[2] == sizes[1] // 2
    assert sizes[3] == sizes[2] // 2
    assert leader.batches[0]["waiting"] >= sizes[1] - sizes[3] > 0


async def test_a_single_result_that_is_too_large_is_dropped_loudly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    leader = StubLeader(monitor("a", interval=86_400))
    leader.rechecks = [{"id": "r", "monitor_id": "a"}]
    leader.faults[RESULTS] = [page(413)]
    async with leader.serving(), probing(leader):
        await leader.until(lambda: leader.count(RESULTS) == 1)
        leader.assign(monitor("a", interval=86_400), rechecks=(("s", "a"),))
        await leader.until(lambda: len(leader.stored) == 1)
    assert leader.seqs("one") == [2]
    assert leader.batches[0]["dropped"] == 1
    assert "too large for the leader" in caplog.text


async def test_results_that_are_rejected_for_one_reason_are_told_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    leader = StubLeader(monitor("a", interval=86_400))
    leader.rechecks = [{"id": "r", "monitor_id": "a"}]
    why = {"monitor_id": "a", "why": "not assigned to this node"}
    rejected = [{"index": index, **why} for index in range(500)]
    leader.faults[RESULTS] = [
        answer({"ok": True, "accepted": 0, "duplicates": 0, "rejected": rejected, "now": 0})
    ]
    async with leader.serving(), probing(leader):
        await leader.until(lambda: "the leader rejected results" in caplog.text)
    (told,) = [one for one in caplog.records if "the leader rejected results" in one.message]
    assert told.__dict__["fields"] == {"monitor": "a", "results": 500, "why": why["why"]}


async def test_while_no_leader_answers_checks_go_on_and_all_is_delivered_after() -> None:
    leader = StubLeader(*often("a"))
    async with leader.serving():
        async with probing(leader) as instance:
            await leader.until(lambda: len(leader.stored) >= 1)
            leader.faults[RESULTS] = [page(502) for _ in range(2)]
            before = instance.checked
            await leader.until(lambda: not leader.faults[RESULTS])
            assert instance.checked > before + 5
            await leader.until(lambda: len(leader.stored) > before + 10)
        assert_nothing_lost(leader, instance)


async def test_a_full_spool_drops_the_oldest_and_tells_how_many() -> None:
    leader = StubLeader(*often("a", "b"))
    leader.faults[RESULTS] = [page(502) for _ in range(2)]
    async with leader.serving():
        async with probing(leader, probe_spool=5) as instance:
            await leader.until(lambda: len(leader.batches) >= 2)
        dropped = sum(batch.get("dropped", 0) for batch in leader.batches)
        assert dropped > 0
        assert all(0 <= batch["waiting"] < 5 for batch in leader.batches)
        assert len(leader.stored) + dropped == instance.checked


async def test_another_leader_takes_over_and_gets_what_it_lacks() -> None:
    first, second = StubLeader(*often("a")), StubLeader(*often("a"))
    async with first.serving(), second.serving():
        async with probing(first, second) as instance:
            await first.until(lambda: len(first.stored) >= 2)
            first.faults[RESULTS] = [refusal(503) for _ in range(99)]
            await second.until(lambda: len(second.stored) > len(first.stored))
        assert_nothing_lost(second, instance)


async def test_a_stop_at_another_leader_gives_it_what_it_lacks() -> None:
    first, second = StubLeader(*often("a")), StubLeader(*often("a"))
    second.faults[REGISTER] = [refusal(503) for _ in range(99)]
    async with first.serving(), second.serving():
        async with probing(first, second) as instance:
            await first.until(lambda: len(first.stored) >= 2)
            first.faults = {path: [refusal(503) for _ in range(99)] for path in (REGISTER, RESULTS)}
            await second.until(lambda: second.count(REGISTER) >= 1)
            second.faults.clear()
            instance.stop.set()
        assert_nothing_lost(second, instance)


async def test_a_clean_stop_reports_what_ran_and_says_that_it_stops() -> None:
    leader = StubLeader(*often("a"))
    async with leader.serving():
        async with probing(leader) as instance:
            instance.free = anyio.Event()
            await leader.until(lambda: leader.count(REGISTER) == 1)
            await anyio.sleep(0.1)  # so that a check runs
            instance.stop.set()
            await anyio.wait_all_tasks_blocked()
            instance.free.set()
        assert instance.checked >= 1
        assert_nothing_lost(leader, instance)
    assert [batch.get("stopping", False) for batch in leader.batches][-1]
    assert not any(batch.get("stopping") for batch in leader.batches[:-1])


async def test_a_check_that_hangs_does_not_hold_up_the_stop() -> None:
    leader = StubLeader(monitor("a", interval=86_400))
    leader.rechecks = [{"id": "r", "monitor_id": "a"}]
    async with leader.serving():
        async with probing(leader) as instance:
            instance.free = anyio.Event()
            await leader.until(lambda: leader.count(REGISTER) == 1)
            instance.stop.set()
        assert leader.batches[-1]["stopping"]
        assert instance.checked == 0


async def test_a_stop_finds_a_leader_that_has_just_come_back() -> None:
    leader = StubLeader(*often("a"))
    async with leader.serving():
        async with probing(leader) as instance:
            await leader.until(lambda: len(leader.stored) >= 1)
            leader.faults[REGISTER] = [refusal(503)]
            leader.faults[RESULTS] = [refusal(409, "unregistered")]
            await leader.until(lambda: leader.count(REGISTER) == 2)  # in vain, so it pauses now
            instance.stop.set()
        assert leader.count(REGISTER) == 3
        assert leader.batches[-1]["stopping"]
        assert_nothing_lost(leader, instance)


async def test_a_stop_without_a_leader_is_quick() -> None:
    leader = StubLeader()
    async with leader.serving():
        pass
    with anyio.fail_after(2):
        async with probing(leader):
            await anyio.wait_all_tasks_blocked()


async def test_ticks_that_could_not_start_are_told() -> None:
    leader = StubLeader(*often("a", "b", "c"))
    async with leader.serving(), probing(leader, probe_concurrency=1) as instance:
        instance.free = anyio.Event()
        await leader.until(lambda: leader.count(REGISTER) == 1)
        await anyio.sleep(0.3)
        instance.free.set()
        await leader.until(lambda: len(leader.batches) >= 2)
    assert sum(batch.get("missed", 0) for batch in leader.batches) >= 3


def test_what_goes_on_the_wire_is_what_a_leader_reads() -> None:
    from uptop_core.wire import Canaries, decode_batch, decode_result

    batch = decode_batch(b'{"node_id":"n","results":[{"monitor_id":"a","is_up":true}],"new":1}')
    assert decode_result(batch.results[0]).monitor == "a"
    assert msgspec.json.decode(msgspec.json.encode(batch))["node_id"] == "n"
    assert (batch.waiting, batch.canaries) == (None, None)
    told = decode_batch(b'{"node_id":"n","waiting":7,"canaries":{"count":2,"up":1,"new":1}}')
    assert (told.waiting, told.canaries) == (7, Canaries(count=2, up=1))


async def test_what_the_canaries_said_is_told() -> None:
    leader = StubLeader(*often("a"))
    async with leader.serving(), probing(leader, canaries=("127.0.0.1:1", "127.0.0.1:2")):
        await leader.until(lambda: any("age_ms" in told["canaries"] for told in leader.batches))
    told = next(told["canaries"] for told in leader.batches if "age_ms" in told["canaries"])
    assert (told["count"], told.get("up", 0), told["failed"]) == (2, 0, 2)
