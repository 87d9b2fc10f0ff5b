"""What holds whatever happens in a maintenance: judging goes on, silence within, the truth after."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.leader.helms import api, hook, look, raw
from tests.leader.store_samples import NOON
from uptop_core.constants import TimeConstants
from uptop_core.errors import StoreError
from uptop_core.wire import ResultsBatch
from uptop_leader.ballots import Rules
from uptop_leader.changes import Changes
from uptop_leader.configuration import Configuration
from uptop_leader.flow import one_pass
from uptop_leader.inputs import Input, Reconfigure
from uptop_leader.maintenance import Maintenance
from uptop_leader.nodes import Node
from uptop_leader.reports import Report
from uptop_leader.states import Belief, Status
from uptop_leader.world import World

T = TypeVar("T")
RULES = Rules(constants=TimeConstants())
STEP = 1300.0  # so seldom that nothing counts as flapping
CLUSTER = "5e1c1e9e-6f0a-4d0e-9c3b-000000000001"


def done(steps: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that waits for nothing returns."""
    try:
        steps.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("it waited")


class Told(Struct, frozen=True):
    """A notification: when, of what, about which incident."""

    at: float
    event: str
    subject: str


class Court:
    """A world with one monitor and one probe that says what it is told to say."""

    def __init__(self, *maintenances: Maintenance) -> None:
        own = Node(id="leader", name="leader", region="", rank=0, joined=0, heard=0, own=True)
        self.world = World(CLUSTER, own, RULES.constants, "never", NOON)
        self.world.nodes["p"] = Node(id="p", name="p", region="", rank=1, joined=0, heard=NOON)
        monitor = api(max_retries=0, interval=3600)
        self.configuration = Configuration(
            monitors=(monitor,), channels=(hook(),), maintenances=maintenances
        )
        self.world.configure(self.configuration)
        self.world.reassign(NOON)
        self.told: list[Told] = []
        self.incidents: dict[str, tuple[float, float | None]] = {}
        self.at(NOON, Reconfigure({}, self.configuration))

    def at(self, now: float, *entries: Input, fails: bool = False) -> None:
        """A pass over these inputs, in which the database may fail."""

        async def write(changes: Changes) -> None:
            if fails:
                raise StoreError("the disk is full")
            for incident in (*changes.opened, *changes.amended, *changes.closed):
                self.incidents[incident.id] = (incident.started, incident.ended)
            self.told += [Told(now, one.event, one.subject) for one in changes.notifications]

        self.world.nodes["p"] = Node(id="p", name="p", region="", rank=1, joined=0, heard=now)
        done(one_pass(self.world, entries, {"m"}, RULES, "", write, now))

    def says(self, now: float, up: bool) -> None:
        batch = ResultsBatch(node_id="p", results=raw(look(up=up)))
        self.at(now, Report(batch, now))

    @property
    def known_down(self) -> set[str]:
        """The incidents that people were told of and not told the end of."""
        known: set[str] = set()
        for one in self.told:
            (known.add if one.event == "down" else known.discard)(one.subject)
        return known


def planned(start: float, end: float, name: str = "w") -> Maintenance:
    return Maintenance(id=name, name=name, start=NOON + start, end=NOON + end, all=True)


_TIMES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(
        lambda pair: (pair[0] * STEP / 2, (pair[0] + pair[1]) * STEP / 2)
    ),
    max_size=2,
)


@settings(deadline=None, max_examples=150)
@given(looks=st.lists(st.booleans(), min_size=1, max_size=9), times=_TIMES)
def test_it_changes_what_is_told_and_nothing_else(
    looks: list[bool], times: list[tuple[float, float]]
) -> None:
    court = Court(*(planned(*span, name=f"w{index}") for index, span in enumerate(times)))
    plain = Court()
    now = NOON
    for up in looks:
        now += STEP
        for one in (court, plain):
            one.at(now - STEP / 2)
            one.says(now, up)
            belief = Belief.UP if up else Belief.DOWN
            assert one.world.states["m"].belief is belief
        is_in = any(NOON + start <= now < NOON + end for start, end in times)
        expected = Status.MAINTENANCE if is_in else court.world.states["m"].status
        assert court.world.states["m"].shown is expected
    assert court.incidents == plain.incidents
    for told in court.told:
        assert not any(NOON + start <= told.at < NOON + end for start, end in times)
    last = max([now, *(NOON + end for _, end in times)])
    court.at(last)
    still = {one for one, (_, ended) in court.incidents.items() if ended is None}
    assert court.known_down == still
    keys = [(told.event, told.subject) for told in court.told]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("edge", [100.0, 200.0])
def test_a_change_that_could_not_be_stored_is_made_in_the_next_pass(edge: float) -> None:
    court = Court(planned(100, 200))
    court.says(NOON + 1, up=True)
    if edge == 200.0:
        court.says(NOON + 150, up=False)
    with pytest.raises(StoreError):
        court.at(NOON + edge + 1, fails=True)
    court.at(NOON + edge + 2)
    state = court.world.states["m"]
    assert state.shown is (Status.MAINTENANCE if edge == 100.0 else Status.DOWN)
    assert [one.event for one in court.told] == ([] if edge == 100.0 else ["down"])
