"""Incidents have computed names, a start and an end."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from uptop_leader.incidents import Transition, close_incident, incident_id, open_incident
from uptop_leader.states import Belief, Status, fresh_state

START = 1_000_000.0
CLUSTER = str(uuid.UUID(int=7))


def transition(
    at: float, belief_from: Belief, belief_to: Belief, cause: str = "votes"
) -> Transition:
    return Transition(
        monitor="m", at=at, known=at + 10, belief_from=belief_from, belief_to=belief_to,
        status_from=Status.UP, status_to=Status.DOWN, cause=cause, reasons="1 × timeout",
    )  # fmt: skip


DOWN = transition(START, Belief.UP, Belief.DOWN)


def test_two_leaders_with_the_same_history_name_an_incident_alike() -> None:
    state = fresh_state("m", START)
    assert open_incident(CLUSTER, "API", state, DOWN) == open_incident(CLUSTER, "API", state, DOWN)
    ids = {incident_id(CLUSTER, "m", 1), incident_id(CLUSTER, "m", 2), incident_id(CLUSTER, "n", 1)}
    assert len(ids) == 3
    assert incident_id(str(uuid.UUID(int=8)), "m", 1) not in ids


def test_incidents_of_a_monitor_are_numbered() -> None:
    state, first = open_incident(CLUSTER, "API", fresh_state("m", START), DOWN)
    assert (first.number, first.started, first.confirmed) == (1, START, START + 10)
    assert state.incident == first.id
    up = transition(START + 60, Belief.DOWN, Belief.UP)
    state, closed = close_incident(first, state, up)
    assert (closed.ended, closed.end_confirmed, closed.cause) == (
        START + 60,
        START + 70,
        "recovered",
    )
    assert state.incident is None
    _, second = open_incident(CLUSTER, "API", state, DOWN)
    assert second.number == 2


def test_an_incident_never_ends_before_it_began() -> None:
    state, incident = open_incident(CLUSTER, "API", fresh_state("m", START), DOWN)
    _, closed = close_incident(incident, state, transition(START - 5, Belief.DOWN, Belief.UP))
    assert closed.ended == START


def test_only_pausing_and_deleting_are_other_causes_of_an_end() -> None:
    state, incident = open_incident(CLUSTER, "API", fresh_state("m", START), DOWN)
    for cause, said in (("paused", "paused"), ("deleted", "deleted"), ("push", "recovered")):
        end = transition(START + 1, Belief.DOWN, Belief.PENDING, cause)
        assert close_incident(incident, state, end)[1].cause == said


def test_pending_to_down_opens_and_down_to_pending_closes() -> None:
    assert transition(START, Belief.PENDING, Belief.DOWN).opens
    assert transition(START, Belief.DOWN, Belief.PENDING).closes
    assert not replace(DOWN, belief_from=Belief.DOWN).opens
    assert not replace(DOWN, belief_to=Belief.UP).closes
