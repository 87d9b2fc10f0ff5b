"""Step 13 for incidents and channels. Pure; no secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.api_answers import TransitionView
from uptop_core.views import AcknowledgementView, ChannelView, IncidentView
from uptop_leader.times import to_ms, to_ms_or_none
from uptop_leader.vote_views import vote_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel, ChannelHealth
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.nodes import Node


def incident_view(
    incident: Incident, nodes: Mapping[str, Node], *, with_evidence: bool = False
) -> IncidentView:
    """One incident."""
    shown = incident.evidence if with_evidence else ()
    return IncidentView(
        id=incident.id,
        monitor=incident.monitor,
        name=incident.name,
        number=incident.number,
        started=to_ms(incident.started),
        confirmed=to_ms(incident.confirmed),
        ended=to_ms_or_none(incident.ended),
        late=incident.late,
        cause=incident.cause,
        reasons=incident.reasons,
        detail=incident.detail,
        maintenance=incident.maintenance,
        untold=incident.untold,
        child_of=incident.child_of,
        acknowledged=_acknowledged(incident),
        evidence=tuple(vote_view(vote, nodes.get(vote.node)) for vote in shown),
    )


def _acknowledged(incident: Incident) -> AcknowledgementView | None:
    taken = incident.acknowledged
    if taken is None:
        return None
    return AcknowledgementView(at=to_ms(taken.at), by=taken.by, note=taken.note)


def transition_view(
    transition: Transition, monitors: Mapping[str, Monitor], nodes: Mapping[str, Node]
) -> TransitionView:
    """One change of belief or status; of a monitor that is gone without its name."""
    monitor = monitors.get(transition.monitor)
    return TransitionView(
        monitor=transition.monitor,
        name="" if monitor is None else monitor.name,
        at=to_ms(transition.at),
        known=to_ms(transition.known),
        belief_from=transition.belief_from.value,
        belief_to=transition.belief_to.value,
        status_from=transition.status_from.value,
        status_to=transition.status_to.value,
        cause=transition.cause,
        reasons=transition.reasons,
        detail=transition.detail,
        incident=transition.incident,
        evidence=tuple(vote_view(vote, nodes.get(vote.node)) for vote in transition.evidence),
    )


def channel_view(channel: Channel, health: ChannelHealth | None) -> ChannelView:
    """One channel without its settings, which are secrets for the most part."""
    view = ChannelView(
        id=channel.id,
        name=channel.name,
        type=channel.provider.kind(),
        fallback=channel.fallback,
    )
    if health is None:
        return view
    return ChannelView(
        id=view.id,
        name=view.name,
        type=view.type,
        fallback=view.fallback,
        last_sent=to_ms_or_none(health.last_sent),
        last_failed=to_ms_or_none(health.last_failed),
        last_error=health.last_error,
        failing_since=to_ms_or_none(health.failing_since),
        sent=health.sent,
        failed=health.failed,
        passed_on=health.passed_on,
    )
