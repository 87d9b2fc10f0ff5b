"""Backups as docs/operations.md tells to make and restore them, of a leader that is at work."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec
import pytest
from anyio import to_thread

from tests.leader.store_samples import NOON, opened, outage, ping, set_up
from tests.postgres_server import running
from tests.system.api import SECRET
from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.processes import clean_environment, run_command
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER, Health

if TYPE_CHECKING:
    from tests.system.targets import Target

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text()
CHAPTER = PAGE.partition("## Backups\n")[2].partition("\n## ")[0]
COPY, BACK, DUMP, UNDUMP = re.findall(r"^```sh\n(.*?)^```$", CHAPTER, re.MULTILINE | re.DOTALL)
SYSTEMCTL = (
    '#!/bin/sh\ntest "$2" = uptop-leader && touch "$1" && while test -e "$1"; do sleep 0.02; done\n'
)
"""Stands for the system's: asks for it by a file, and is done when that is gone."""


async def _with_outage(town: Cluster) -> Target:
    """A leader and a probe that look at two targets every second, one of them with an incident."""
    good, bad, receiver = await town.target(), await town.target(), await town.receiver()
    await town.start_leader()
    await town.start_probe("west", "eu-west")
    monitors = [site(good), site(bad, "Shop")]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    await town.status_comes("Shop", "UP")
    await town.votes_come("Site", 1)
    bad.mood = "503"
    await town.status_comes("Shop", "DOWN")
    await town.all_told()
    return bad


async def _ask(town: Cluster, *arguments: str) -> tuple[int, str]:
    done = await run_command(
        ["-m", "uptop_leader", *arguments], town.folder, town.leader_environment()
    )
    return done.returncode, (done.stdout + done.stderr).decode()


async def _type(town: Cluster, commands: str) -> None:
    """Run commands of the page in the folder; who asks for the service gets it stopped and started."""
    folder = town.folder / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "systemctl").write_text(SYSTEMCTL)
    (folder / "systemctl").chmod(0o755)
    around = clean_environment(town.leader_environment())
    around["PATH"] = os.pathsep.join([str(folder), sysconfig.get_path("scripts"), around["PATH"]])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_serve, town)
        done = await anyio.run_process(
            ["bash", "-euc", commands], cwd=town.folder, env=around, check=False
        )
        tasks.cancel_scope.cancel()
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


async def _serve(town: Cluster) -> None:
    while True:
        await anyio.sleep(0.02)
        if (stop := town.folder / "stop").exists():
            await town.leader.stop()
            stop.unlink()
        if (start := town.folder / "start").exists():
            await town.start_leader()
            start.unlink()


async def test_a_backup_made_at_work_brings_back_what_was_there(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        bad = await _with_outage(town)
        for _ in range(5):  # results come in all the time, and every copy is whole
            await _type(town, COPY)
        (before,), shop = await town.incidents(), (await town.monitor("Shop")).id
        bad.mood = "up"
        await town.status_comes("Shop", "UP")
        await town.apply({"monitors": [site(bad, "Later")]})
        code, said = await _ask(town, "restore", "--replace", "before.db")
        assert (code, said) == (
            1,
            f"the database {town.database} is in use: stop the leader first\n",
        )
        assert {"Later", "Shop", "Site"} == set(await town.monitors())
        bad.mood = "503"
        await _type(town, BACK)
        assert {"Shop", "Site"} == set(await town.monitors())
        assert (await town.monitor("Shop")).id == shop
        await until("it goes on where it was", lambda: _is_open(town, before.id))
        bad.mood = "up"
        await town.status_comes("Shop", "UP")
        await town.votes_come("Site", 1)
        (after,) = await town.incidents()
        assert (after.id, after.started, after.ended is not None) == (
            before.id,
            before.started,
            True,
        )


async def _is_open(town: Cluster, incident: str) -> bool:
    (found,) = await town.incidents()
    return found.id == incident and found.ended is None


async def test_a_follower_whose_database_is_moved_away_copies_what_was_restored(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = PAIR_QUICK
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader()
        pair = Pair(town)
        await pair.start()
        await town.start_probe("west", "eu-west", peer=pair.peers)
        await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
        await town.status_comes("Site", "UP")
        await _type(town, COPY)
        await town.apply({"monitors": [site(target, "Later")]})
        await town.status_comes("Later", "UP")
        await pair.copied()
        await pair.process.stop()
        pair.database.rename(tmp_path / "moved.db")
        await _type(town, BACK)
        await pair.start()
        await until("it has all that the leader has", lambda: _is_a_copy(town, pair))
        await pair.copied()
        assert set(await town.monitors()) == {"Site"}
        assert pair.history.select("SELECT name FROM monitor") == [("Site",)]
        town.leader.kill()
        await pair.takes_over()
        await town.looks_come(target, each=2)
        assert "Later" not in pair.process.said()


async def _is_a_copy(town: Cluster, pair: Pair) -> bool:
    answer = await town.http.get(f"{pair.url}/api/health", headers={SECRET_HEADER: SECRET})
    copy = msgspec.json.decode(answer.content, type=Health).copy
    return copy is not None and copy.age_ms is not None


async def test_postgresql_is_dumped_and_restored_by_its_own_programs(tmp_path: Path) -> None:
    with running() as server:
        dsn = server.dsn(server.make(), tcp=True)
        with opened(dsn) as store:
            set_up(store, ping("m"))
            store.write(outage(), NOON)
        around = {**os.environ, "UPTOP_DB_DSN": dsn.text}
        around["PATH"] = os.pathsep.join([str(server.binaries), os.environ["PATH"]])

        def shell(commands: str) -> None:
            subprocess.run(["bash", "-euc", commands], cwd=tmp_path, env=around, check=True)

        await to_thread.run_sync(shell, DUMP)
        with opened(dsn) as store:
            before = store.load()
            set_up(store, ping("later"))
        await to_thread.run_sync(shell, UNDUMP)
        with opened(dsn) as store:
            assert store.load() == before
            store.write(outage("m", NOON + 86_400), NOON + 86_400)
        refused = {"UPTOP_DB_TYPE": "postgres", "UPTOP_DB_DSN": dsn.text}
        for words in (["backup", "x.db"], ["restore", "before.dump"]):
            done = await run_command(["-m", "uptop_leader", *words], tmp_path, refused)
            assert done.returncode == 1
            assert b"is PostgreSQL: " in done.stderr
            assert b"pg-pass-word" not in done.stderr
