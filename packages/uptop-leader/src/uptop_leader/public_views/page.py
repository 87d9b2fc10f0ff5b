"""The whole status page as values. Pure.

In: what the leader knows and what its store says. Out: what a template shows, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.public_views.banner import Banner, banner
from uptop_leader.public_views.happenings import Happening, Teller
from uptop_leader.public_views.looks import looks
from uptop_leader.public_views.openness import Openness, shown_monitors
from uptop_leader.public_views.rows import FOLDED_FROM, Facts, Group, Row, rows_and_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from uptop_leader.incidents import Incident
    from uptop_leader.maintenance_views import PublicMaintenance
    from uptop_leader.posts import Post
    from uptop_leader.public_views.bars import Bars, Quarter
    from uptop_leader.regional import ByRegion
    from uptop_leader.views import Snapshot

PAST = 10
"""Past happenings on the page; the others are in the history."""
OPEN = 20
"""Open happenings that are told one by one."""
_MINUTE_S = 60


class Material(Struct, frozen=True, kw_only=True):
    """What the page is made from. `incidents` are all open ones and the newest past ones."""

    snapshot: Snapshot
    quarter: Quarter
    bars: Mapping[str, Bars]
    incidents: Sequence[Incident]
    posts: Sequence[Post]
    maintenance: tuple[PublicMaintenance, ...]
    lately: ByRegion


class StatusPage(Struct, frozen=True, kw_only=True):
    """Everything on the page. `rows` are the monitors outside of groups, `groups` the rest;
    `updated` is the minute it was made in (Unix milliseconds), `more_open` how many open happenings
    are not told one by one.
    """

    title: str
    banner: Banner
    updated: int
    first_day: date
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    open: tuple[Happening, ...]
    past: tuple[Happening, ...]
    maintenance: tuple[PublicMaintenance, ...]
    more_open: int = 0
    is_many: bool = False
    names_regions: bool = False


def status_page(title: str, material: Material, openness: Openness) -> StatusPage:
    """What `/status` says."""
    snapshot = material.snapshot
    seen = looks(snapshot, openness)
    facts = Facts(
        now=snapshot.now,
        bars=material.bars,
        lately=material.lately if openness.regions else None,
    )
    rows, groups = rows_and_groups(seen, facts)
    told = happenings(material, openness)
    still = [one for one in told if one.ended is None]
    return StatusPage(
        title=title,
        banner=banner(seen),
        updated=minute_of(snapshot.now),
        first_day=material.quarter.first,
        rows=rows,
        groups=groups,
        open=tuple(still[:OPEN]),
        past=tuple([one for one in told if one.ended is not None][:PAST]),
        maintenance=tuple(_shown(material.maintenance, openness)),
        more_open=max(0, len(still) - OPEN),
        is_many=len(seen) > FOLDED_FROM,
        names_regions=openness.regions,
    )


def happenings(material: Material, openness: Openness) -> tuple[Happening, ...]:
    """What has happened, the newest first."""
    return teller(material.snapshot, openness).happenings(material.incidents, material.posts)


def teller(snapshot: Snapshot, openness: Openness) -> Teller:
    """Who tells what happened to the monitors that may be shown."""
    return Teller(
        now=snapshot.now,
        monitors=shown_monitors(snapshot.monitors, openness),
        nodes=snapshot.nodes,
        openness=openness,
    )


def minute_of(now: float) -> int:
    """The minute of a moment in Unix milliseconds: a page that says more is never the same twice."""
    return int(now // _MINUTE_S * _MINUTE_S * 1000)


def all_rows(page: StatusPage) -> dict[str, Row]:
    """Every row of the page by its id."""
    return {row.id: row for row in (*page.rows, *_rows_of(page.groups))}


def _rows_of(groups: Iterable[Group]) -> Iterator[Row]:
    for group in groups:
        yield from group.rows
        yield from _rows_of(group.groups)


def _shown(found: Iterable[PublicMaintenance], openness: Openness) -> Iterator[PublicMaintenance]:
    """Maintenance that is for hidden monitors only is hidden with them."""
    return (one for one in found if one.affected or not openness.hidden_tags)
