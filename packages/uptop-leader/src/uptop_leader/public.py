"""Step 13 for the public: what the status page shows. Pure.

Names, statuses, uptimes and how many regions look: never a URL, a host, an address or an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.views import percent
from uptop_leader.groups import worst
from uptop_leader.maintenance_views import PublicMaintenance
from uptop_leader.public_regions import PublicRegion, public_regions
from uptop_leader.states import Status
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uptop_core.views import MonitorView
    from uptop_leader.incidents import Incident
    from uptop_leader.regional import ByRegion

_HEADLINES = {
    Status.UP: "All systems are up",
    Status.DEGRADED: "Some systems are slower or less well than they should be",
    Status.LATE: "Some jobs have not reported in time",
    Status.PARTIAL: "Some systems cannot be reached from everywhere",
    Status.UNKNOWN: "Some systems cannot be judged just now",
    Status.DOWN: "Some systems are down",
    Status.PENDING: "Waiting for the first checks",
    Status.PAUSED: "Monitoring is paused",
    Status.MAINTENANCE: "Some systems are under planned maintenance",
}
_MAINTAINED_DOWN = "Some systems are down for planned maintenance"


_NOTES = {
    Status.UP: "up",
    Status.DEGRADED: "degraded",
    Status.LATE: "late",
    Status.PARTIAL: "not reachable from everywhere",
    Status.UNKNOWN: "not known",
    Status.DOWN: "down",
}


class PublicMonitor(Struct, frozen=True, kw_only=True):
    """One monitor of `/status/json`; since and updated are Unix milliseconds, uptimes percent."""

    id: str
    name: str
    type: str
    status: str
    since: int
    uptime_24h: float | None
    covered_24h: float | None


class PublicStatus(Struct, frozen=True, kw_only=True):
    """`/status/json`."""

    overall: str
    updated: int
    monitors: tuple[PublicMonitor, ...]


class Row(Struct, frozen=True, kw_only=True):
    """One line of the page. `members` are those of a group; `places` says where it is seen from,
    `note` how it really stands while in maintenance, `regions` how it is in each, where that may
    be told."""

    name: str
    status: str
    uptime: str
    covered: str
    places: str
    since: int
    lasted: str
    note: str = ""
    is_group: bool = False
    members: tuple[Row, ...] = ()
    regions: tuple[PublicRegion, ...] = ()


class PublicIncident(Struct, frozen=True, kw_only=True):
    """An incident as the public sees it: whose, from when to when, how long, and whether it began
    in maintenance."""

    name: str
    started: int
    ended: int | None
    lasted: str
    is_planned: bool = False


class StatusPage(Struct, frozen=True, kw_only=True):
    """Everything on the page. `rows` are the monitors outside of groups, `groups` the rest."""

    title: str
    overall: str
    headline: str
    updated: int
    rows: tuple[Row, ...]
    groups: tuple[Row, ...]
    open: tuple[PublicIncident, ...]
    past: tuple[PublicIncident, ...]
    maintenance: tuple[PublicMaintenance, ...] = ()
    names_regions: bool = False


def overall(views: Iterable[MonitorView]) -> Status:
    """The worst status of all; groups repeat their members and are left out where they can be.

    What is up counts as up in maintenance too. Anything else in maintenance makes MAINTENANCE of
    all that it does not hide an outage of: nothing is all well because of maintenance.
    """
    chosen = list(views)
    plain = [view for view in chosen if view.type != "group"] or chosen
    known = [Status.UP if _is_up_in_maintenance(view) else Status(view.status) for view in plain]
    found = worst(known)
    is_outage = found in (Status.DOWN, Status.UNKNOWN, Status.PARTIAL)
    return Status.MAINTENANCE if Status.MAINTENANCE in known and not is_outage else found


def _is_up_in_maintenance(view: MonitorView) -> bool:
    return view.status == Status.MAINTENANCE and view.judged == Status.UP


def _headline(status: Status, views: Sequence[MonitorView]) -> str:
    if not views:
        return "Nothing is watched yet"
    maintained = [view for view in views if view.status == Status.MAINTENANCE]
    if status is Status.MAINTENANCE and any(view.belief == Status.DOWN for view in maintained):
        return _MAINTAINED_DOWN
    return _HEADLINES[status]


def public_status(views: Sequence[MonitorView], now: float) -> PublicStatus:
    """What `/status/json` says."""
    return PublicStatus(
        overall=overall(views).value,
        updated=round(now * 1000),
        monitors=tuple(
            PublicMonitor(
                id=view.id,
                name=view.name,
                type=view.type,
                status=view.status,
                since=view.since,
                uptime_24h=view.uptime_24h,
                covered_24h=view.covered_24h,
            )
            for view in views
        ),
    )


def status_page(
    title: str,
    views: Sequence[MonitorView],
    incidents: Iterable[Incident],
    now: float,
    maintenance: tuple[PublicMaintenance, ...] = (),
    lately: ByRegion | None = None,
) -> StatusPage:
    """What `/status` says; `incidents` the newest first, open and past. `lately` is how monitors
    were in each region, None where regions are not to be named.

    Those of groups repeat their members', and those of deleted monitors are nobody's news.
    """
    watched = {view.id for view in views if view.type != "group"}
    children = _children(views)
    tops = [row_of(view, children, now, lately) for view in children.get(None, ())]
    status = overall(views)
    shown = [_incident(item, now) for item in incidents if item.monitor in watched]
    return StatusPage(
        title=title,
        overall=status.value,
        headline=_headline(status, views),
        updated=round(now * 1000),
        rows=tuple(row for row in tops if not row.is_group),
        groups=tuple(row for row in tops if row.is_group),
        open=tuple(incident for incident in shown if incident.ended is None),
        past=tuple(incident for incident in shown if incident.ended is not None),
        maintenance=maintenance,
        names_regions=lately is not None,
    )


def row_of(
    view: MonitorView,
    children: Mapping[str | None, Sequence[MonitorView]],
    now: float,
    lately: ByRegion | None = None,
) -> Row:
    """The row of a monitor, with the rows of its members."""
    return Row(
        name=view.name,
        status=view.status,
        uptime=percent(view.uptime_24h),
        covered=percent(view.covered_24h, 1),
        places=_places(view),
        since=view.since,
        lasted=duration(round(now * 1000) - view.since),
        note=_NOTES.get(Status(view.judged), "") if view.status == Status.MAINTENANCE else "",
        is_group=view.type == "group",
        members=tuple(row_of(child, children, now, lately) for child in children.get(view.id, ())),
        regions=() if lately is None else public_regions(view, lately.get(view.id, {})),
    )


def _children(views: Sequence[MonitorView]) -> dict[str | None, list[MonitorView]]:
    """The monitors by their group; None is the top."""
    groups = {view.id for view in views if view.type == "group"}
    found: dict[str | None, list[MonitorView]] = {}
    for view in views:
        parent = view.parent if view.parent in groups else None
        found.setdefault(parent, []).append(view)
    return found


def _places(view: MonitorView) -> str:
    """How many regions look, and from how many of them it is seen down."""
    regions = {vote.region for vote in view.votes if vote.fresh}
    down = {vote.region for vote in view.votes if vote.fresh and not vote.up}
    if not regions:
        return ""
    if down and view.status != Status.UP:
        return f"down from {len(down)} of {_regions(len(regions))}"
    return f"seen from {_regions(len(regions))}"


def _regions(number: int) -> str:
    return "1 region" if number == 1 else f"{number} regions"


def _incident(incident: Incident, now: float) -> PublicIncident:
    end = incident.ended if incident.ended is not None else now
    return PublicIncident(
        name=incident.name,
        started=round(incident.started * 1000),
        ended=None if incident.ended is None else round(incident.ended * 1000),
        lasted=duration(round((end - incident.started) * 1000)),
        is_planned=bool(incident.maintenance),
    )
