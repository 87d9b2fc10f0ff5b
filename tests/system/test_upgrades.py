"""Databases of every version so far: today's leader, as a process, finds everything in them; and a
leader of a version with one migration more takes today's over, or leaves it as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.postgres_server import running
from tests.system.cluster import Cluster, cluster
from tests.system.own_clock import OwnClock
from tests.system.processes import Process, run_command
from tests.system.waiting import until
from tests.upgrades.asked import by_now, found, missing, push_token
from tests.upgrades.loading import Dumped, dumped, load_file, load_server
from tests.upgrades.newer import FAILS, NEXT, newer, stands_still
from tests.upgrades.tables import file_tables
from uptop_core.errors import StoreTooNew
from uptop_leader.store.migrate import revisions

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

NOW = revisions()[-1]
SERVE = ["-m", "uptop_leader"]


def live_then(town: Cluster, dump: Dumped, version: Mapping[str, str] | None = None) -> None:
    """Have leader and probe live a minute after the dump was made, whatever the day is."""
    clock = OwnClock(town.folder / "clock")
    clock.wall_s = dump.made + 60 - time.time()
    town.leader = Process("leader", clock.arguments("leader"), town.folder, version)
    town.probes["west"] = Process("west", clock.arguments("probe"), town.folder)


async def all_is_there(
    town: Cluster, dump: Dumped, version: Mapping[str, str] | None = None
) -> None:
    """What the API told when the dump was made it tells now."""
    assert missing(by_now(dump.answers), await found(town, dump.token, version)) == []


async def all_works(town: Cluster, dump: Dumped) -> None:
    """Tokens of jobs and keys of nodes still open their doors, and what is written is kept."""
    token = push_token(dump.answers["export"])
    answer = await town.http.post(f"{town.url}/api/push/{token}/7")
    assert answer.json() == {"ok": True}
    await town.status_comes("Job", "DOWN")
    await town.start_probe("west", "eu-west", node_key=dump.node_key)

    async def is_back() -> bool:
        return (await town.nodes())["west"].state == "online"

    await until("the probe is back", is_back)


@pytest.mark.parametrize("revision", revisions())
async def test_everything_in_an_old_file_is_found_unchanged(revision: str, tmp_path: Path) -> None:
    dump = dumped(revision)
    async with cluster(tmp_path) as town:
        load_file(revision, town.database)
        live_then(town, dump)
        await town.start_leader(leader_checks="never")
        await all_is_there(town, dump)
        await all_works(town, dump)


@pytest.mark.parametrize("revision", revisions())
async def test_everything_in_an_old_database_of_a_server_is_found_unchanged(
    revision: str, tmp_path: Path
) -> None:
    dump = dumped(revision)
    with running() as server:
        dsn = server.dsn(server.make(migrated=False))
        load_server(revision, dsn, tmp_path / "between.db")
        async with cluster(tmp_path) as town:
            live_then(town, dump)
            where = {"db_type": "postgres", "db_dsn": dsn.text, "node_id": "leader"}
            await town.start_leader(leader_checks="never", **where)
            await all_is_there(town, dump)
            await all_works(town, dump)


async def test_an_upgrade_keeps_everything_and_the_version_before_refuses_it_then(
    tmp_path: Path,
) -> None:
    dump = dumped(NOW)
    async with cluster(tmp_path) as town:
        load_file(NOW, town.database)
        version = newer(tmp_path / "newer")
        live_then(town, dump, version)
        await town.start_leader(leader_checks="never")
        await all_is_there(town, dump, version)
        await town.leader.stop()
        assert {"later"} == file_tables(town.database).keys() - tables_of_today(tmp_path)
        before = town.database.read_bytes()
        refused = await run_command(SERVE, tmp_path, town.leader_environment())
        assert (refused.returncode, refused.stdout) == (1, b"")
        *_, words = refused.stderr.decode().splitlines()
        assert words == str(StoreTooNew(NEXT))
        examined = await run_command([*SERVE, "doctor"], tmp_path, town.leader_environment())
        assert f"of a newer version (revision {NEXT})" in examined.stdout.decode()
        assert town.database.read_bytes() == before
        await town.start_leader()
        await town.leader.stop()


async def test_a_backup_of_an_older_version_is_restored_with_the_tables_of_the_newer(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        load_file(NOW, tmp_path / "old.db")
        around = {**town.leader_environment(), **newer(tmp_path / "newer")}
        done = await run_command([*SERVE, "restore", "old.db"], tmp_path, around)
        assert done.stdout.startswith(
            f"restored {town.database}: 10 monitors, as they were".encode()
        )
        assert {"later"} == file_tables(town.database).keys() - tables_of_today(tmp_path)


async def test_an_upgrade_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    dump = dumped(NOW)
    async with cluster(tmp_path) as town:
        load_file(NOW, town.database)
        around = {**town.leader_environment(), **newer(tmp_path / "newer", FAILS)}
        failed = await run_command(SERVE, tmp_path, around)
        assert failed.returncode == 1
        *_, words = failed.stderr.decode().splitlines()
        assert words == f"the database {town.database} does not work: no such table: nowhere"
        await goes_on(town, dump)


async def test_an_upgrade_that_is_killed_leaves_everything_as_it_was(tmp_path: Path) -> None:
    dump, mark = dumped(NOW), tmp_path / "mark"
    async with cluster(tmp_path) as town:
        load_file(NOW, town.database)
        live_then(town, dump, newer(tmp_path / "newer", stands_still(mark)))
        town.leader.start(town.leader_environment())
        await until("it is in the midst", mark.exists)
        town.leader.kill()
        await goes_on(town, dump)


def test_what_is_gone_or_otherwise_is_noticed() -> None:
    before = {"users": [{"name": "ada", "role": "admin"}], "export": "x"}
    more = {"users": [{"name": "eve"}, {"name": "ada", "role": "admin", "new": 1}], "export": "x"}
    assert missing(before, more) == []
    for after in (
        {"users": [{"name": "ada", "role": "viewer"}], "export": "x"},
        {"users": [], "export": "x"},
        {"users": before["users"], "export": "y"},
        {"users": before["users"]},
    ):
        assert len(missing(before, after)) == 1


async def goes_on(town: Cluster, dump: Dumped) -> None:
    """The version of today finds its tables and everything in them."""
    assert file_tables(town.database).keys() == tables_of_today(town.folder)
    live_then(town, dump)
    await town.start_leader(leader_checks="never")
    await all_is_there(town, dump)


def tables_of_today(folder: Path) -> set[str]:
    """The names of what is in a database now."""
    path = folder / "today.db"
    path.unlink(missing_ok=True)
    load_file(NOW, path)
    return set(file_tables(path))
