"""The store: how fast results go in, how much room one takes, what the usual questions cost.

One thousand monitors seen by three nodes every 30 s, in batches of a thousand results, two hours of
them. CPU seconds are user + system; the roll-up is spread over the results it rolls up. Latencies
are around one of the series' own by a tenth, one in a hundred three times that; ticks come up to
5 ms late. Fresh is the whole database by its results before anything is rolled up; sealed is by how
much it shrinks when the sealed results are removed.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import Row
from benchmarks._goals import row
from uptop_core.checks.ping import PingCheck
from uptop_core.monitors import Monitor
from uptop_core.votes import Vote
from uptop_leader.changes import Changes, StoredResult
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.incidents import Transition
from uptop_leader.seal import Keyring
from uptop_leader.states import Belief, Status
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_700_006_400.0  # a midnight, UTC
MONITORS, NODES = 1000, 3
INTERVAL = 30.0
BATCH, BATCHES = 1000, 720
NOW = START + BATCHES * BATCH / (MONITORS * NODES) * INTERVAL
LATE_S = 0.005  # of a tick at most
HOUR_S, DAY_S, YEAR_S = 3600.0, 86_400.0, 366 * 86_400.0
PEER = "SQLModel add_all 112, Core insert 3.2"
ROOM_PEER = "Uptime Kuma 140–360 per check"


def measure(*, short: bool = False) -> list[Row]:  # noqa: ARG001  short enough as it is
    """Store two hours of results, half of them with votes, then ask."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "uptop.db", Keyring(), START)
        try:
            set_up(store, MONITORS)
            rows = _writes(store)
            room = _bytes(store, Path(folder)) / (BATCHES * BATCH)
            rows.append(row("raw result on disk, fresh", room, peer=ROOM_PEER))
            return rows + _questions(store) + _sealed(store, Path(folder))
        finally:
            store.close()


def set_up(store: Store, count: int) -> None:
    """So many monitors that have been up from the start on."""
    check = PingCheck(hostname="h.example.com")
    monitors = tuple(
        Monitor(id=_monitor(number), name=f"monitor {number}", check=check)
        for number in range(count)
    )
    store.change_config(ConfigChange(put_monitors=monitors), Actor(name="", source=""), START)
    ups = [
        Transition(
            monitor=monitor.id,
            at=START,
            known=START,
            belief_from=Belief.PENDING,
            belief_to=Belief.UP,
            status_from=Status.PENDING,
            status_to=Status.UP,
        )
        for monitor in monitors
    ]
    store.write(Changes(transitions=ups), START)


def _monitor(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def results(number: int, monitors: int, interval: float, *, votes: bool = False) -> Changes:
    """The batch of that number, of all these monitors in turn."""
    changes, chance = Changes(), random.Random(number)
    for place in range(number * BATCH, (number + 1) * BATCH):
        tick, series = divmod(place, monitors * NODES)
        monitor, node = _monitor(series // NODES), f"node-{series % NODES}"
        observed = START + tick * interval + series * interval / (monitors * NODES)
        observed += chance.random() * LATE_S
        usual = 2_000_000 + series * 7919 % 1000 * 100_000  # ns
        latency = round(usual * chance.gauss(1.0, 0.1) * (3 if chance.random() < 0.01 else 1))
        changes.results.append(
            StoredResult(monitor=monitor, node=node, observed=observed, latency_ns=latency)
        )
        if votes:
            changes.votes[monitor, node] = Vote(
                node=node, observed=observed, up=True, latency_ns=latency
            )
    return changes


def _writes(store: Store) -> list[Row]:
    alone = [results(number, MONITORS, INTERVAL) for number in range(BATCHES // 2)]
    with_votes = [
        results(number, MONITORS, INTERVAL, votes=True) for number in range(BATCHES // 2, BATCHES)
    ]
    rows = []
    for what, batches in (("results alone", alone), ("results with votes", with_votes)):
        cpu, wall = time.process_time(), time.perf_counter()
        for batch in batches:
            store.write(batch, START)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        count = len(batches) * BATCH
        each = cpu / count * 1e6
        rows.append(Row(what=f"store {what}", measured=each, unit="µs CPU each", peer=PEER))
        rows.append(Row(what=f"store {what}, rate", measured=count / wall, unit="results/s"))
    return rows


def _sealed(store: Store, folder: Path) -> list[Row]:
    """What sealing costs, and what is left of a result."""
    later = NOW + HOUR_S
    store.roll_up(later)
    cpu = time.process_time()
    sealed = store.seal(later)
    cpu = time.process_time() - cpu
    before = _bytes(store, folder)
    store.retain(later, 0.0, YEAR_S, YEAR_S)
    room = (before - _bytes(store, folder)) / sealed
    return [
        row("raw result on disk, sealed", room, peer=ROOM_PEER),
        Row(what="sealing", measured=cpu / sealed * 1e6, unit="µs CPU per result"),
    ]


def _bytes(store: Store, folder: Path) -> int:
    """The room of the database without pages that wait for use."""
    return compact_copy(store, folder).stat().st_size


def compact_copy(store: Store, folder: Path) -> Path:
    """A copy of the database without pages that wait for use."""
    copy = folder / "copy.db"
    copy.unlink(missing_ok=True)
    store.backup(copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("VACUUM")
    return copy


def _questions(store: Store) -> list[Row]:
    rolled_up_s = _cpu_s(lambda: store.roll_up(NOW))
    each = rolled_up_s / (BATCHES * BATCH) * 1e6
    rows = [Row(what="roll-up, all levels", measured=each, unit="µs CPU per result")]
    for what, ask in (
        ("configuration's version", store.config_version),
        ("uptime of 24 h, 1 000 monitors", lambda: store.uptime(NOW, DAY_S)),
        ("90 days of 1 000 monitors", lambda: store.daily(NOW)),
        ("latency of 24 h, 3 000 series", lambda: store.latency(NOW, DAY_S)),
        ("everything for a restart", store.load),
    ):
        rows.append(Row(what=what, measured=_cpu_s(ask) * 1000, unit="ms CPU"))
    return rows


def _cpu_s(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
