"""Transitions and the incidents they open and close. Ids are computed, so that two leaders with
the same history name the same thing alike."""

from __future__ import annotations

import uuid

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.votes import Vote
from uptop_leader.states import Belief, MonitorState, Status

MAINTENANCE = "maintenance"
"""The cause of transitions to the status MAINTENANCE and back; why nobody is told within it."""


class Transition(Struct, frozen=True, kw_only=True):
    """The belief or the status of a monitor changed.

    `at` is when it happened by the results (Unix seconds), `known` when the leader confirmed it.
    `cause` says what moved it: votes, push, group, paused, resumed, deleted, or maintenance, whose
    transitions lead to MAINTENANCE and back, while those between have the statuses beneath it.
    `evidence` holds the votes it rests on; `reasons` is their count in words.
    """

    monitor: str
    at: float
    known: float
    belief_from: Belief
    belief_to: Belief
    status_from: Status
    status_to: Status
    cause: str = "votes"
    reasons: str = ""
    detail: str = ""
    evidence: tuple[Vote, ...] = ()
    incident: str | None = None

    @property
    def opens(self) -> bool:
        """Whether an incident begins with it."""
        return self.belief_to is Belief.DOWN and self.belief_from is not Belief.DOWN

    @property
    def closes(self) -> bool:
        """Whether the open incident ends with it."""
        return self.belief_from is Belief.DOWN and self.belief_to is not Belief.DOWN


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """Somebody has taken an incident on: when (Unix seconds), who, and what they wrote."""

    at: float
    by: str
    note: str = ""


class Incident(Struct, frozen=True, kw_only=True):
    """The time from a confirmed DOWN to the confirmed UP after it, with its evidence.

    Times are Unix seconds; `ended` is None while it is open. `cause` of the end is `recovered`,
    `paused` or `deleted`. `maintenance` names what the monitor was in when it was confirmed.
    `untold` says why its beginning has not been told (yet), empty when it has been; `child_of` is
    the incident of what the monitor depends on, where that is to blame. `late` marks one of the
    past that results told of when it was over: nobody is told, and it has no number. One that was
    `acknowledged` is not reminded of.
    """

    id: str
    monitor: str
    number: int
    name: str
    started: float
    confirmed: float
    reasons: str = ""
    detail: str = ""
    evidence: tuple[Vote, ...] = ()
    ended: float | None = None
    end_confirmed: float | None = None
    cause: str = ""
    untold: str = ""
    child_of: str | None = None
    maintenance: str = ""
    late: bool = False
    acknowledged: Acknowledgement | None = None


def incident_id(cluster: str, monitor_id: str, number: int) -> str:
    """The id of a monitor's incident number `number`: UUIDv5 in the cluster's namespace."""
    return str(uuid.uuid5(uuid.UUID(cluster), f"{monitor_id}/{number}"))


def late_incident_id(cluster: str, monitor_id: str, started_ms: int) -> str:
    """The id of an incident that was found afterwards: it is named by its beginning."""
    return str(uuid.uuid5(uuid.UUID(cluster), f"{monitor_id}/late/{started_ms}"))


def open_incident(
    cluster: str, name: str, state: MonitorState, transition: Transition
) -> tuple[MonitorState, Incident]:
    """The incident that begins with `transition`, and the state that names it."""
    number = state.incidents + 1
    incident = Incident(
        id=incident_id(cluster, state.monitor, number),
        monitor=state.monitor,
        number=number,
        name=name,
        started=transition.at,
        confirmed=transition.known,
        reasons=transition.reasons,
        detail=transition.detail,
        evidence=transition.evidence,
        maintenance=", ".join(state.maintenance.names) if state.maintenance is not None else "",
    )
    return replace(state, incident=incident.id, incidents=number), incident


def close_incident(
    incident: Incident, state: MonitorState, transition: Transition
) -> tuple[MonitorState, Incident]:
    """The incident with its end, and the state without it. It never ends before it began."""
    cause = transition.cause if transition.cause in ("paused", "deleted") else "recovered"
    ended = max(incident.started, transition.at)
    closed = replace(incident, ended=ended, end_confirmed=transition.known, cause=cause)
    return replace(state, incident=None), closed
