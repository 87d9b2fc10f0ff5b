"""Step 10: what there is to tell, and to whom. In: an incident or a transition, the monitor, its
channels. Out: notifications, keyed so that the same one is never sent twice. Pure.

When it is told, or held back, is the business of `uptop_leader.news`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.messages import SILENT, Message
from uptop_leader.notifications import Notification, notification_key
from uptop_leader.states import Belief, Status
from uptop_leader.times import to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.monitors import Monitor
    from uptop_core.votes import Vote
    from uptop_leader.channels import Channel
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


def outage(
    incident: Incident, nodes: Mapping[str, Node], *, event: str = "down", why_late: str = ""
) -> Occasion:
    """An incident begins; or goes on, where the event is `reminder`. `why_late` says why it is told
    only now."""
    detail = f"{incident.detail} ({why_late})" if incident.detail and why_late else ""
    return Occasion(
        event=event, subject=incident.id, incident=incident.id, started=incident.started,
        reasons=incident.reasons, detail=detail or incident.detail or why_late,
        regions=_regions(incident.evidence, nodes),
    )  # fmt: skip


def ending(incident: Incident, cause: str) -> Occasion | None:
    """The end of an incident, for those who were told of its beginning."""
    if incident.untold:
        return None
    return Occasion(
        event=cause if cause in ("paused", "deleted") else "up",
        subject=incident.id, incident=incident.id, started=incident.started,
        ended=incident.ended, reasons=incident.reasons,
    )  # fmt: skip


_SWITCHED = {
    Status.UNKNOWN: "unknown",
    Status.PARTIAL: "partial",
    Status.DEGRADED: "degraded",
    Status.LATE: "late",
}


def status_event(status: Status) -> str:
    """The event that tells a status which may be switched on; empty for the others."""
    return _SWITCHED.get(status, "")


def of_status(monitor: Monitor, transition: Transition, alert: str) -> Occasion | None:
    """A status that is switched on to be told, and the way back from it (but not from UNKNOWN) for
    those who were told: `alert` is what they were told last and is not over."""
    event, left = status_event(transition.status_to), status_event(transition.status_from)
    if event and event != left:
        if not getattr(monitor.notify, event):
            return None
        return Occasion(
            event=event, subject=monitor.id, started=transition.at,
            reasons=transition.reasons, detail=transition.detail,
        )  # fmt: skip
    back = transition.status_to is Status.UP and transition.belief_from is Belief.UP
    if back and left == alert and left not in ("", "unknown"):
        return Occasion(event="up", subject=monitor.id, ended=transition.at)
    return None


def certificate_occasion(monitor: Monitor, cert_end: int, now: float) -> Occasion:
    """The warning that a certificate ends soon, told once per certificate."""
    days = (cert_end / 1000 - now) / 86_400
    ends = f"ends in {days:.1f} days" if days > 0 else "has ended"
    words = f"the certificate, or one in its chain, {ends}"
    return Occasion(event="cert", subject=monitor.id, detail=words)


def over(subject: str, incident: str | None = None) -> Occasion:
    """Something is over that nobody is told the end of: paging services still have to close it."""
    return Occasion(event="over", subject=subject, incident=incident)


def notifications(
    monitor: Monitor,
    state: MonitorState,
    what: Occasion,
    channels: Mapping[str, Channel],
    public_url: str,
    now: float,
) -> list[Notification]:
    """One notification for each channel of the monitor; what is silent, for those only that keep
    an alert open. `state.told` numbers them, so the keys of two occasions of one kind differ."""
    chosen = [channels[one] for one in monitor.channels if one in channels]
    if what.event in SILENT:
        chosen = [channel for channel in chosen if channel.provider.keeps_alerts]
    return [_notification(monitor, state, what, one.id, public_url, now) for one in chosen]


def _notification(
    monitor: Monitor,
    state: MonitorState,
    what: Occasion,
    channel: str,
    public_url: str,
    now: float,
) -> Notification:
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
        started_at=to_ms_or_none(what.started),
        ended_at=to_ms_or_none(what.ended),
        at=round(now * 1000),
        regions=what.regions,
        url=f"{public_url.rstrip('/')}/status" if public_url else "",
        runbook=monitor.runbook,
    )
    return Notification(
        key=key,
        channel=channel,
        subject=what.subject,
        monitor=monitor.id,
        event=what.event,
        message=message,
        created=now,
    )


def _regions(evidence: Iterable[Vote], nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """The places that see it down, by region where the node has one."""
    places = {
        (nodes[vote.node].region or nodes[vote.node].name) if vote.node in nodes else vote.node
        for vote in evidence
        if not vote.up and not vote.abstains
    }
    return tuple(sorted(places))
