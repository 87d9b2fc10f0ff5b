"""Days and long windows: what 90 daily bars and the uptimes of all monitors cost.

One thousand monitors over 100 days, once with two outages each in that time and once with one a
day, all in the order in which they happened. Roll-ups count the days that are over beforehand; what
is asked reads those, and works out today.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from benchmarks import Row
from uptop_core.checks.ping import PingCheck
from uptop_core.monitors import Monitor
from uptop_leader.changes import Changes
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.incidents import Incident, Transition
from uptop_leader.seal import Keyring
from uptop_leader.states import Belief, Status, fresh_state
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = 1_700_049_600.0  # a noon, UTC
DAY_S = 86_400.0
DAYS = 100
START = NOW - DAYS * DAY_S
BELIEFS = {Status.PENDING: Belief.PENDING, Status.UP: Belief.UP, Status.DOWN: Belief.DOWN}


def measure(*, short: bool = False) -> list[Row]:
    """Both pasts, one after the other."""
    monitors = 20 if short else 1000
    return [
        *_asked("two outages each", monitors, 2 / DAYS),
        *_asked("an outage a day each", monitors, 1.0),
    ]


def _asked(what: str, monitors: int, outages_a_day: float) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "uptop.db", Keyring(), START)
        try:
            live(store, monitors, outages_a_day)
            counting = best_ms(lambda: store.roll_up(NOW), 1)
            rows = [Row(what=f"counting {DAYS} days, {what}", measured=counting, unit="ms CPU")]
            for name, ask in (
                ("90 daily bars", lambda: store.daily(NOW)),
                ("uptime of 24 h", lambda: store.uptime(NOW, DAY_S)),
                ("uptime of 7 d", lambda: store.uptime(NOW, 7 * DAY_S)),
                ("uptime of 90 d", lambda: store.uptime(NOW, 90 * DAY_S)),
                ("uptime of 1 y", lambda: store.uptime(NOW, 365 * DAY_S)),
            ):
                rows.append(
                    Row(
                        what=f"{name} of {monitors} monitors, {what}",
                        measured=best_ms(ask, 5),
                        unit="ms CPU",
                    )
                )
            return rows
        finally:
            store.close()


def live(store: Store, monitors: int, outages_a_day: float) -> None:
    """Have so many monitors live through the days."""
    names = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(monitors)]
    check = PingCheck(hostname="h.example.com")
    put = tuple(Monitor(id=name, name=name, check=check) for name in names)
    store.change_config(ConfigChange(put_monitors=put), Actor(name="", source=""), START)
    chance = random.Random(1)
    changes = Changes()
    for name in names:
        last = START
        changes.transitions.append(_moved(name, START, Status.PENDING, Status.UP))
        for began, ended in _outages(chance, outages_a_day):
            changes.transitions.append(_moved(name, began, Status.UP, Status.DOWN))
            changes.transitions.append(_moved(name, ended, Status.DOWN, Status.UP))
            changes.opened.append(_incident(name, began, ended))
            last = ended
        state = fresh_state(name, last)
        changes.states[name] = replace(state, status=Status.UP, status_since=last)
    changes.transitions.sort(key=lambda move: move.at)
    store.write(changes, NOW)


def _outages(chance: random.Random, a_day: float) -> Iterator[tuple[float, float]]:
    began = START
    while True:
        began += 600 + chance.expovariate(a_day / DAY_S)
        ended = began + chance.uniform(30, 3000)
        if ended >= NOW:
            return
        yield began, ended
        began = ended


def _moved(name: str, at: float, before: Status, after: Status) -> Transition:
    return Transition(
        monitor=name,
        at=at,
        known=at,
        belief_from=BELIEFS[before],
        belief_to=BELIEFS[after],
        status_from=before,
        status_to=after,
    )


def _incident(name: str, began: float, ended: float) -> Incident:
    return Incident(
        id=f"{name}/{began}",
        monitor=name,
        number=1,
        name=name,
        started=began,
        confirmed=began,
        ended=ended,
        end_confirmed=ended,
        cause="recovered",
    )


def best_ms(work: Callable[[], object], times: int) -> float:
    """The least CPU time of some: the others were disturbed."""
    found = []
    for _ in range(times):
        before = time.process_time()
        work()
        found.append((time.process_time() - before) * 1000)
    return min(found)
