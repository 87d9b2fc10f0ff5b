"""A follower beside its leader, with real processes: what is no fault to survive (see `faults`)."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.system.cluster import QUICK, cluster, site
from tests.system.faults.pairs import a_pair
from tests.system.processes import run_command
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_leader_that_starts_again_at_once_keeps_the_wheel(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        scene = await a_pair(town, timings=QUICK)  # between the two as usual: 15 s
        pair = scene.pair
        for _ in range(3):
            town.leader.kill()
            await town.start_leader()
        await scene.goes_down("First")
        assert "taking over: the leader is gone" not in pair.process.said()


async def test_a_follower_that_is_started_again_goes_on_copying(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        scene = await a_pair(town)
        pair = scene.pair
        pair.process.kill()
        await scene.goes_down("First")
        await town.apply({"monitors": [site(scene.sites["Second"], "Third")]})
        await town.status_comes("Third", "UP")
        await pair.start()
        await pair.copied()
        town.leader.kill()
        await pair.takes_over()
        await town.looks_come(scene.sites["First"], each=2)
        assert scene.events("First") == ["down"]


async def test_who_promotes_a_follower_has_the_leader_step_back_first_and_gets_it_back_by_command(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        scene = await a_pair(town)
        pair = scene.pair
        await scene.goes_down("First")
        await scene.settled()
        for command, arrives in (("promote", pair.takes_over), ("handover", pair.stands_by)):
            done = await run_command(["-m", "uptop_leader", command], tmp_path, pair.environment())
            assert done.returncode == 0, done.stderr
            await arrives()
            own = [pair.environment(), town.leader_environment()]
            acting, waiting = own if command == "promote" else reversed(own)
            assert "taking over: an operator has promoted it" in pair.process.said()
            told = await run_command(["-m", "uptop_leader", "status"], tmp_path, acting)
            assert b"active" in told.stdout, told
            told = await run_command(["-m", "uptop_leader", "status"], tmp_path, waiting)
            assert b"standing by" in told.stdout, told
            await town.looks_come(scene.sites["First"], each=3)
        await scene.recovers("First")
        await scene.one_history()
        assert scene.events("First") == ["down", "up"]
        scene.watch.assert_held()
        await until("each acted once more", lambda: len(scene.watch.changes) >= 5)


async def test_a_copy_that_is_not_what_the_leader_has_is_seen_and_made_anew(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        scene = await a_pair(town)
        pair = scene.pair
        await scene.goes_down("First")
        await scene.settled()
        await pair.process.stop()
        with contextlib.closing(sqlite3.connect(pair.database)) as file, file:
            file.execute("DELETE FROM incident")
            file.execute("UPDATE state SET belief = 'UP'")
        await pair.start()
        await pair.copied()
        assert "the copy is not what the leader has: incident, state" in pair.process.said()
        await until(
            "it was copied at first, and for this",
            lambda: pair.process.said().count("copied everything") == 2,
        )
