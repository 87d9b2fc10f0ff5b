"""The engine on a real database: what comes in, what is answered, what is known afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.helms import api, at_the_helm, hook, look, raw
from uptop_core.wire import Registration, ResultsBatch
from uptop_leader.refusals import Behind, InstanceConflict, StandingBy, Unregistered
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


async def test_a_probe_that_registers_is_given_its_regions_monitors(path: Path) -> None:
    monitors = api("all"), api("eu", regions=("eu",)), api("us", regions=("us",))
    async with at_the_helm(path, *monitors) as helm:
        await helm.register("p", region="EU")
        _, given = helm.engine.assignments("p")
        assert {one.id for one in given.monitors} == {"all", "eu"}
        assert all(one.soon for one in given.monitors)


async def test_the_etag_stays_while_nothing_changes_and_moves_with_a_recheck(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        before, _ = helm.engine.assignments("p")
        await helm.sees("p")
        assert helm.engine.assignments("p")[0] == before
        helm.clock.at += 60
        await helm.sees("p", up=False)
        after, given = helm.engine.assignments("p")
        assert after != before
        assert [one.monitor_id for one in given.recheck] == ["m"]
        await helm.answers("p")
        assert helm.engine.assignments("p")[1].recheck == ()


async def test_a_recheck_wakes_the_one_who_waits_for_assignments(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        for node in "pq":
            await helm.register(node)
        await helm.sees("p")
        await helm.sees("q")
        etag, _ = helm.engine.assignments("q")
        woken = anyio.Event()

        async def wait() -> None:
            await helm.engine.assignments_changed("q", etag, 60)
            woken.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            helm.clock.at += 60
            await helm.sees("p", up=False)
            with anyio.fail_after(5):
                await woken.wait()


async def test_waiting_for_assignments_ends_when_the_leader_stops(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("q")
        etag, _ = helm.engine.assignments("q")
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(helm.engine.assignments_changed, "q", etag, 60)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(5):
                helm.engine.stop_waiting()
                await helm.engine.assignments_changed("q", etag, 60)


async def test_waiting_for_assignments_ends_when_the_time_is_over(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        etag, _ = helm.engine.assignments("p")
        heard = helm.world.nodes["p"].heard
        helm.clock.at += 9
        with anyio.fail_after(5):
            await helm.engine.assignments_changed("p", etag, 0.01)
        assert helm.world.nodes["p"].heard == heard


async def test_a_batch_that_is_sent_twice_is_stored_once(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        results = [look(seq=seq, age_ms=100 * seq) for seq in (1, 2, 3)]
        first = await helm.report("p", *results)
        again = await helm.report("p", *results)
        assert (first.accepted, first.duplicates, first.have) == (3, 0, {"one": 3})
        assert (again.accepted, again.duplicates, again.have) == (0, 3, {"one": 3})
        assert len(helm.store.results("m", 0, helm.clock.at + 1)) == 3


async def test_both_copies_of_a_batch_in_one_pass_are_stored_once(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        batch = ResultsBatch(node_id="p", instance="one", results=raw(look(seq=1)))
        answers = []

        async def send() -> None:
            answers.append(await helm.engine.submit(batch))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            tasks.start_soon(send)
            await anyio.wait_all_tasks_blocked()
            await helm.engine.turn()
        assert sorted(answer.accepted for answer in answers) == [0, 1]
        assert len(helm.store.results("m", 0, helm.clock.at + 1)) == 1


async def test_what_is_not_assigned_is_refused_by_name_and_the_rest_is_taken(path: Path) -> None:
    async with at_the_helm(path, api(), api("eu", regions=("eu",))) as helm:
        await helm.register("p", region="us")
        answer = await helm.report("p", look("eu", seq=1), look(seq=2), {"is_up": 1})
        assert answer.accepted == 1
        assert [one.index for one in answer.rejected] == [0, 2]
        assert (answer.rejected[0].monitor_id, answer.rejected[0].seq) == ("eu", 1)
        assert "not assigned" in answer.rejected[0].why


async def test_numbers_that_no_database_can_hold_are_refused_by_name(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        huge = [look() | {name: 10**30} for name in ("latency_ns", "seq", "cert_end", "checked_at")]
        answer = await helm.report("p", *huge, look(seq=1))
        assert answer.accepted == 1
        assert len(answer.rejected) == len(huge)


async def test_results_of_an_unknown_node_are_refused(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        with pytest.raises(Unregistered):
            await helm.report("p", look())
        with pytest.raises(Unregistered):
            helm.engine.assignments("p")


async def test_a_second_instance_is_refused_while_the_first_is_live(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p", instance="one")
        helm.clock.at += 19
        with pytest.raises(InstanceConflict, match="'p'"):
            await helm.register("p", instance="two")
        with pytest.raises(InstanceConflict):
            await helm.report("p", look(seq=1), instance="two")
        helm.clock.at += 1
        with pytest.raises(Unregistered):
            await helm.report("p", look(seq=1), instance="two")
        node = await helm.register("p", instance="two")
        assert (node.instance, node.rank) == ("two", helm.world.nodes["p"].rank)
        with pytest.raises(InstanceConflict):
            await helm.report("p", look(seq=1), instance="one")


async def test_an_instance_that_said_goodbye_is_replaced_at_once(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p", instance="one")
        await helm.report("p", stopping=True)
        await helm.register("p", instance="two")
        assert not helm.world.nodes["p"].stopping


async def test_nobody_reports_in_the_name_of_the_leader(path: Path) -> None:
    async with at_the_helm(path, api(), leader_checks="always") as helm:
        for instance in ("", "two"):
            with pytest.raises(InstanceConflict):
                await helm.report("leader", look(), instance=instance)
        with pytest.raises(InstanceConflict):
            await helm.register("leader")


async def test_a_down_opens_an_incident_and_its_notification_with_it(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        failed = helm.clock.at
        await helm.goes_down("p")
        (incident,) = helm.incidents()
        assert (incident.started, incident.ended, incident.reasons) == (failed, None, "1 × timeout")
        assert helm.told() == ["down"]
        assert helm.state().incident == incident.id
        helm.clock.at += 60
        await helm.sees("p")
        while helm.state().run is not None:
            await helm.wait(6)
            await helm.answers("p")
        (incident,) = helm.incidents()
        assert (incident.ended, incident.cause) == (failed + 10 + 60, "recovered")
        assert helm.state().belief is Belief.UP


async def test_a_full_queue_refuses(path: Path) -> None:
    async with at_the_helm(path) as helm, anyio.create_task_group() as tasks:
        batch = ResultsBatch(node_id="p")
        for _ in range(1000):
            tasks.start_soon(helm.engine.submit, batch)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Behind, match="full"):
            await helm.engine.submit(batch)
        tasks.cancel_scope.cancel()


async def test_who_waits_when_the_engine_ends_is_told_to_come_again(path: Path) -> None:
    async with at_the_helm(path) as helm:
        engine, refused = helm.engine, []

        async def report() -> None:
            with pytest.raises(StandingBy):
                await engine.submit(ResultsBatch(node_id="p"))
            refused.append("p")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(report)
            await anyio.wait_all_tasks_blocked()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await engine.run()
        with pytest.raises(StandingBy):
            await engine.submit(ResultsBatch(node_id="p"))
        assert refused == ["p"]


async def test_one_who_goes_away_while_waiting_loses_nothing(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(helm.engine.register, Registration(id="p", instance="one"), "")
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await helm.engine.turn()
        await helm.engine.turn()
        assert [one.id for one in helm.engine.assignments("p")[1].monitors] == ["m"]


async def test_a_node_that_is_silent_too_long_is_offline_and_its_votes_are_gone(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        assert helm.state().status is Status.UP
        await helm.wait(600)
        assert helm.state().status is Status.UNKNOWN
        assert helm.state().belief is Belief.UP
        assert helm.told() == ["node_offline"]
        await helm.sees("p")
        assert helm.state().status is Status.UP
        await helm.wait(2)
        assert helm.told() == ["node_offline", "node_online"]


async def test_a_standstill_is_not_the_silence_of_the_nodes(path: Path) -> None:
    async with at_the_helm(path, api(interval=300), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 600
        await helm.engine.turn()
        assert not helm.world.standings(helm.clock.at)["p"].offline
        await helm.wait(50)
        await helm.sees("p")
        assert helm.state().status is Status.UP
        assert helm.told() == []
