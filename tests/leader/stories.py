"""The lives of two monitors, as a judge would write them: what happens, and when it becomes known."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

import msgspec

from tests.leader.store_samples import NOON, OPERATOR, incident, ping, result, set_up, transition
from uptop_core.outcomes import Reason
from uptop_leader.changes import Changes
from uptop_leader.configuration import ConfigChange
from uptop_leader.states import Status, fresh_state
from uptop_leader.store.replays import Rulings

if TYPE_CHECKING:
    from uptop_leader.incidents import Incident
    from uptop_leader.store.store import Store

HOUR = 3600.0
RULINGS = Rulings(cluster=str(NAMESPACE_DNS), strategy="any-down", silence_s=300, unknown_s=300)


class Story:
    """A leader's life, written as a judge would: what happens, and when it becomes known."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.statuses: dict[str, Status] = {}
        self.changed: dict[str, float] = {}
        self.incidents: dict[str, Incident] = {}
        self.upkeep: set[str] = set()
        self.number = 0
        for name in ("a", "b"):
            set_up(store, ping(name), now=self.now)

    def step(self, what: str, name: str, hours: float, back_h: float) -> None:
        self.now += 60
        getattr(self, what)(name, hours, back_h)

    def wait(self, _name: str, hours: float, _back_h: float) -> None:
        self.now += hours * HOUR

    def settle(self, _name: str, _hours: float, _back_h: float) -> None:
        self.store.roll_up(self.now)

    def up(self, name: str, _hours: float, back_h: float) -> None:
        self._turn(name, Status.UP, back_h)

    def unknown(self, name: str, _hours: float, back_h: float) -> None:
        self._turn(name, Status.UNKNOWN, back_h)

    def down(self, name: str, _hours: float, back_h: float) -> None:
        self._turn(name, Status.DOWN, back_h)

    def _turn(self, name: str, status: Status, back_h: float) -> None:
        before = self.statuses.get(name, Status.PENDING)
        at = max(self.now - back_h * HOUR, self.changed.get(name, NOON))
        if before is status:
            return
        changes = Changes()
        changes.transitions = [transition(name, at, before, status, known=self.now)]
        state = fresh_state(name, at)
        changes.states[name] = msgspec.structs.replace(state, status=status, status_since=at)
        if status is Status.DOWN and name not in self.incidents:
            self.number += 1
            self.incidents[name] = incident(self.number, name, at)
            changes.opened = [self.incidents[name]]
        elif status is Status.UP and name in self.incidents:
            begun = self.incidents.pop(name)
            ended = max(begun.started, at)
            changes.closed = [msgspec.structs.replace(begun, ended=ended, end_confirmed=self.now)]
        self.statuses[name], self.changed[name] = status, at
        self.store.write(changes, self.now)

    def maintenance(self, name: str, _hours: float, _back_h: float) -> None:
        status = self.statuses.get(name, Status.PENDING)
        moves = [status, Status.MAINTENANCE]
        if name in self.upkeep:
            moves.reverse()
        self.upkeep ^= {name}
        move = transition(name, self.now, moves[0], moves[1], cause="maintenance")
        self.store.write(Changes(transitions=[move]), self.now)

    def away(self, _name: str, hours: float, _back_h: float) -> None:
        since, self.now = self.now, self.now + hours * HOUR
        self.store.gap(since, self.now)

    def late(self, name: str, _hours: float, back_h: float) -> None:
        """Late results of a time tell that it was down, and then up."""
        since = max(NOON, self.now - back_h * HOUR - 1000)
        looks = [
            result(name, "p", since + 60 * number, reason=Reason.TIMEOUT if number < 5 else None)
            for number in range(10)
        ]
        self.store.write(Changes(results=looks, late={name: (since, since + 540)}), self.now)
        monitors = {monitor.id: monitor for monitor in self.store.load_config().monitors}
        self.store.replay(monitors, RULINGS, self.now, 0)

    def delete(self, name: str, _hours: float, _back_h: float) -> None:
        known = {monitor.id for monitor in self.store.load_config().monitors}
        if name in known:
            drop = ConfigChange(drop_monitors=(name,))
            self.store.change_config(drop, OPERATOR, self.now)
        else:
            set_up(self.store, ping(name), now=self.now)

    def slower(self, name: str, hours: float, _back_h: float) -> None:
        if name in {monitor.id for monitor in self.store.load_config().monitors}:
            set_up(self.store, ping(name, interval=60 + hours), now=self.now)
