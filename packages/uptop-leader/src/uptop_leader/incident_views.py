"""Step 13 for incidents and channels. Pure; no secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.views import ChannelView, IncidentView
from uptop_leader.store.times import to_ms, to_ms_or_none
from uptop_leader.vote_views import vote_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.channels import Channel, ChannelHealth
    from uptop_leader.incidents import Incident
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
        evidence=tuple(vote_view(vote, nodes.get(vote.node)) for vote in shown),
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
