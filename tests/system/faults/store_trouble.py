"""Row 16: the leader's database cannot be written: its disk is full, somebody has locked it, it is
gone. A limit on the size of files stands for the disk, so that no file system must be mounted."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.system.faults.fault import (
    Fault,
    Ground,
    Watched,
    assert_all_looks_stored,
    watched,
)
from tests.system.waiting import until


async def run(ground: Ground) -> str:
    town = ground.town
    site = await watched(ground, "west", "east")
    transitions = town.history.transitions()
    reasons = []
    for trouble in (_full, _locked, _gone) if ground.full else (_full, _gone):
        with trouble(ground):
            reasons.append(await _unwell(ground))
            await town.looks_come(site.target, each=3)
        await until("the leader is well again", town.is_well)
        await _votes_are_new(ground, site)
    assert town.leader.is_running
    assert town.history.transitions() == transitions, "a monitor has changed"
    site.target.mood = "503"
    await until("DOWN is told", lambda: site.receiver.events() == ["down"])
    for probe in town.probes.values():
        await probe.stop()
    assert_all_looks_stored(town, site.target)
    return (
        "503 because " + "; ".join(reasons) + "; nothing lost, nothing DOWN, well again each time"
    )


async def _unwell(ground: Ground) -> str:
    """Wait until health is 503; the reason that it gives."""
    found: list[httpx.Response] = []

    async def is_unwell() -> bool:
        found[:] = [await ground.town.http.get(f"{ground.town.url}/api/health")]
        return found[0].status_code == 503

    await until("health is 503", is_unwell)
    reason: str = found[0].json()["reason"]
    return reason.replace(str(ground.town.database), "it")


async def _votes_are_new(ground: Ground, site: Watched) -> None:
    """Wait until all that waited at the probes has arrived."""

    def all_rows() -> bool:
        return len(ground.town.history.results()) >= len(site.target.looks) - 2

    await until("what was kept has arrived", all_rows)


@contextmanager
def _full(ground: Ground) -> Iterator[None]:
    pid = ground.town.leader.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def _locked(ground: Ground) -> Iterator[None]:
    with closing(sqlite3.connect(ground.town.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def _gone(ground: Ground) -> Iterator[None]:
    files = [
        path
        for suffix in ("", "-wal", "-shm")
        if (path := Path(f"{ground.town.database}{suffix}")).exists()
    ]
    for path in files:
        path.rename(f"{path}.away")
    try:
        yield
    finally:
        for path in files:
            Path(f"{path}.away").rename(path)


FAULT = Fault(
    row="16",
    name="store-trouble",
    what="full disk, locked database, database gone, at the leader",
    expected="no check becomes DOWN; probes keep; health says why; recovers by itself",
    run=run,
)
