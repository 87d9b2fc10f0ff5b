"""Part of step 10: when people are reminded of what is still down."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.leader.courts import START, monitor
from uptop_core.constants import TimeConstants
from uptop_leader.incidents import Incident
from uptop_leader.reminders import remind_at
from uptop_leader.states import Belief, Status, fresh_state
from uptop_leader.telling import Telling

INCIDENT = Incident(id="i", monitor="m", number=1, name="API", started=START, confirmed=START + 9)
NEVER_AWAY = START - 1000


def due(
    incident: Incident | None = INCIDENT,
    every: float | None = 1800,
    since: float = NEVER_AWAY,
    **facts: Any,
) -> float | None:
    shown: dict[str, Any] = {
        "belief": Belief.DOWN,
        "status": Status.DOWN,
        "telling": Telling(said=START + 9),
        **facts,
    }
    state = replace(fresh_state("m", START), **shown)
    return remind_at(monitor(remind_every=every), state, incident, since, TimeConstants())


def test_it_is_counted_from_when_people_were_told_last() -> None:
    assert due() == START + 9 + 1800
    assert due(telling=Telling(said=START + 1809)) == START + 3609


@pytest.mark.parametrize(
    "facts",
    [
        {"every": None},
        {"incident": None},
        {"incident": replace(INCIDENT, untold="dependency")},
        {"telling": Telling()},
        {"status": Status.UNKNOWN},
    ],
)
def test_nobody_is_reminded_of(facts: dict[str, Any]) -> None:
    assert due(**facts) is None


def test_a_leader_that_was_away_when_it_was_due_looks_first() -> None:
    assert due(since=START + 5000) == START + 5000 + 60 + 5 + 5
    assert due(since=START + 1000) == START + 9 + 1800
