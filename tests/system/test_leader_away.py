"""The leader is away while probes go on looking: afterwards the history is as if it had not been."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from tests.system.cluster import USUAL, Cluster, cluster, site, webhook
from tests.system.processes import Process
from tests.system.targets import Target
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _watched(town: Cluster) -> Target:
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    await town.start_probe("west", "eu-west")
    await town.start_probe("east", "us-east")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
    await town.status_comes("Site", "UP")
    await town.votes_come("Site", 2)
    return target


async def test_no_result_is_missing_or_doubled_after_the_leader_was_stopped_for_a_while(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target = await _watched(town)
        await town.leader.stop()
        await town.looks_come(target, each=8)
        await town.start_leader()
        await all_looks_are_history(town, target)


async def all_looks_are_history(town: Cluster, target: Target) -> None:
    """Every look that the target saw is one row, at its time, and there are no others."""
    for probe in list(town.probes.values()):
        await probe.stop()
    times = town.history.times("Site")
    assert {node: len(found) for node, found in times.items()} == target.counts()
    for node, found in times.items():
        assert found == pytest.approx(
            [look.at for look in target.looks if look.node == node], abs=0.5
        )
        gaps = [later - earlier for earlier, later in pairwise(found)]
        assert max(gaps) < 1.9, f"{node} has a gap"


async def test_an_outage_during_the_absence_is_told_when_the_leader_is_back(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader(leader_checks="never")
        await town.start_probe("west", "eu-west")
        await town.start_probe("east", "us-east")
        await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
        await town.votes_come("Site", 2)
        town.leader.kill()
        target.mood = "503"
        await town.looks_come(target, each=3)
        await town.start_leader()
        await town.status_comes("Site", "DOWN")
        await until("DOWN is told", lambda: receiver.events() == ["down"])


async def test_a_restart_in_an_outage_tells_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader(leader_checks="never")
        await town.start_probe("west", "eu-west")
        await town.start_probe("east", "us-east")
        await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
        await town.votes_come("Site", 2)
        target.mood = "503"
        await until("DOWN is told", lambda: receiver.events() == ["down"])
        await town.all_told()  # and known to be told: who is killed before that tells it again
        before = await town.monitor("Site")
        for _ in range(2):
            await town.restart_leader()
            after = await town.monitor("Site")
            assert (after.status, after.since, after.incident) == (
                "DOWN",
                before.since,
                before.incident,
            )
            await town.looks_come(target, each=2)
        assert receiver.events() == ["down"]
        target.mood = "up"
        await until("UP is told", lambda: receiver.events() == ["down", "up"])
        assert receiver.told[0].body["incident"] == receiver.told[1].body["incident"]
        assert len(await town.incidents()) == 1


async def test_both_roles_stop_within_five_seconds_of_being_told_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target = await _watched(town)
        target.moods = {"east": "hang"}
        async with anyio.create_task_group() as tasks:
            for probe in town.probes.values():
                tasks.start_soon(_stops_soon, probe)
        nodes = await town.nodes()
        assert {nodes[name].state for name in town.probes} == {"left"}
        await _stops_soon(town.leader)
        counts = target.counts()
        rows = {node: len(times) for node, times in town.history.times("Site").items()}
        assert rows["west"] == counts["west"]
        # A look that hangs is cut off by the stop: it has found nothing yet.
        assert counts["east"] - 1 <= rows["east"] <= counts["east"]


async def test_a_leader_stops_in_peace_while_probes_wait_for_its_answer(tmp_path: Path) -> None:
    """They hold questions of 10 s, which is longer than open requests are waited for."""
    async with cluster(tmp_path) as town:
        town.timings = USUAL
        await town.start_leader(leader_checks="never")
        await town.start_probe("west", "eu-west")
        await until("the probe waits", lambda: "assigned" in town.probes["west"].said())
        await _stops_soon(town.leader)
        assert "ERROR" not in town.leader.said()


async def _stops_soon(process: Process) -> None:
    assert await process.stop() < 5
    assert process.exit_code == 0
    assert "Traceback" not in process.said()
