"""Step 10: whom to notify of a transition. In: the transition, the monitor, its channels. Out: the
notifications, keyed so that the same one is never sent twice. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.messages import Message
from uptop_leader.notifications import Notification, notification_key
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.nodes import Node
    from uptop_leader.states import MonitorState


class Occasion(Struct, frozen=True, kw_only=True):
    """What there is to tell: the event, and what it is about.

    `subject` is what notifications of one thing share; `incident` is the incident it belongs to.
    """

    event: str
    subject: str
    detail: str = ""
    reasons: str = ""
    started: float | None = None
    ended: float | None = None
    incident: str | None = None
    regions: tuple[str, ...] = ()


def occasion(
    monitor: Monitor,
    transition: Transition,
    incident: Incident | None,
    nodes: Mapping[str, Node],
) -> Occasion | None:
    """What a transition gives people to hear, if anything. `incident` is the one it opens or
    closes, or that is open while it happens."""
    if transition.opens and incident is not None:
        if not monitor.notify.down:
            return None
        return Occasion(
            event="down", subject=incident.id, incident=incident.id, started=incident.started,
            reasons=transition.reasons, detail=transition.detail,
            regions=_regions(transition, nodes),
        )  # fmt: skip
    if transition.closes and incident is not None:
        if not monitor.notify.down:
            return None
        event = transition.cause if transition.cause in ("paused", "deleted") else "up"
        return Occasion(
            event=event, subject=incident.id, incident=incident.id, started=incident.started,
            ended=incident.ended, reasons=incident.reasons,
        )  # fmt: skip
    return _status_occasion(monitor, transition)


_SWITCHED = {
    Status.UNKNOWN: "unknown",
    Status.PARTIAL: "partial",
    Status.DEGRADED: "degraded",
    Status.LATE: "late",
}


def _status_occasion(monitor: Monitor, transition: Transition) -> Occasion | None:
    """A status that is switched on to be told, and the way back from it (but not from UNKNOWN)."""
    event = _SWITCHED.get(transition.status_to)
    if event is not None and event != _SWITCHED.get(transition.status_from):
        if not getattr(monitor.notify, event):
            return None
        return Occasion(
            event=event, subject=monitor.id, started=transition.at,
            reasons=transition.reasons, detail=transition.detail,
        )  # fmt: skip
    left = _SWITCHED.get(transition.status_from)
    back = transition.status_to is Status.UP and transition.belief_from is Belief.UP
    if back and left is not None and left != "unknown" and getattr(monitor.notify, left):
        return Occasion(event="up", subject=monitor.id, ended=transition.at)
    return None


def certificate_occasion(monitor: Monitor, cert_end: int, now: float) -> Occasion:
    """The warning that a certificate ends soon, told once per certificate."""
    days = (cert_end / 1000 - now) / 86_400
    words = f"the certificate ends in {days:.1f} days" if days > 0 else "the certificate has ended"
    return Occasion(event="cert", subject=monitor.id, detail=words)


def notifications(
    monitor: Monitor,
    state: MonitorState,
    what: Occasion,
    channels: Mapping[str, object],
    public_url: str,
    now: float,
) -> list[Notification]:
    """One notification for each channel of the monitor. `state.told` numbers them, so the keys of
    two occasions of one kind differ."""
    made = []
    for channel in monitor.channels:
        if channel not in channels:
            continue
        key = notification_key(what.subject, what.event, state.told, channel)
        message = Message(
            key=key,
            event=what.event,
            incident=what.incident,
            monitor=monitor.name,
            monitor_id=monitor.id,
            kind=monitor.kind,
            target=monitor.check.host() or "",
            status=state.status.value,
            reasons=what.reasons,
            detail=what.detail,
            started_at=_ms(what.started),
            ended_at=_ms(what.ended),
            at=round(now * 1000),
            regions=what.regions,
            url=f"{public_url.rstrip('/')}/status" if public_url else "",
            runbook=monitor.runbook,
        )
        made.append(
            Notification(
                key=key,
                channel=channel,
                subject=what.subject,
                monitor=monitor.id,
                event=what.event,
                message=message,
                created=now,
            )
        )
    return made


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _regions(transition: Transition, nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """The places that see it down, by region where the node has one."""
    places = {
        (nodes[vote.node].region or nodes[vote.node].name) if vote.node in nodes else vote.node
        for vote in transition.evidence
        if not vote.up and not vote.abstains
    }
    return tuple(sorted(places))
