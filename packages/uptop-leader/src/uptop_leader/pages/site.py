"""The status page and all that belongs to it, from what the leader knows and what its store says.

A leader serves it and `export-status` writes it to files: both ask here. Everything blocks, so a
leader asks in worker threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec import Struct

from uptop_leader.pages import badges, feeds
from uptop_leader.public_views import monitor_page
from uptop_leader.public_views.bars import Bars, Quarter, bars, quarter
from uptop_leader.public_views.looks import looks
from uptop_leader.public_views.page import (
    Material,
    StatusPage,
    all_rows,
    happenings,
    minute_of,
    status_page,
    teller,
)
from uptop_leader.public_views.regions import closer_regions
from uptop_leader.public_views.rows import Facts
from uptop_leader.public_views.statuses import public_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uptop_leader.api.leader import History
    from uptop_leader.incidents import Incident
    from uptop_leader.maintenance_views import PublicMaintenance
    from uptop_leader.pages.rendering import Renderer
    from uptop_leader.posts import Post
    from uptop_leader.public_views.happenings import Happening, Teller
    from uptop_leader.public_views.looks import Look
    from uptop_leader.public_views.openness import Openness
    from uptop_leader.regional import ByRegion
    from uptop_leader.views import Snapshot

K = TypeVar("K")
V = TypeVar("V")

DAY_S = 86_400.0
HISTORY_DAYS = 90
_BARS_KEPT_S = 30.0  # they move slowly, and to make them is more than half of the work
_OPEN, _PAST, _HISTORY = 1000, 20, 500
_SHOWN_AT_MONITOR = 10
_FEED = 30

FEEDS = {"feed.atom": (feeds.atom, feeds.ATOM), "feed.rss": (feeds.rss, feeds.RSS)}
"""The feeds by the names of their files: how they are made, and their media types."""


class Moment(Struct, frozen=True, kw_only=True):
    """What the leader knows at one moment. The uptimes of the snapshot are not needed."""

    snapshot: Snapshot
    maintenance: tuple[PublicMaintenance, ...]
    lately: ByRegion


class _Once(Generic[K, V]):
    """What is made of all monitors at once, and not anew for the page of each that somebody asks for:
    of the value that was asked about last.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._held: tuple[K, V] | None = None

    def __call__(self, of: K) -> V:
        held = self._held
        if held is None or held[0] is not of:
            held = self._held = of, self._make(of)
        return held[1]


class Site:
    """Makes pages, feeds and badges."""

    def __init__(
        self, store: History, renderer: Renderer, openness: Openness, title: str, zone_name: str
    ) -> None:
        self.renderer = renderer
        self._store = store
        self._openness = openness
        self._title = title
        self._zone = zone_name
        self._known: tuple[float, Quarter, Mapping[str, Bars]] | None = None
        self._seen: _Once[Snapshot, Mapping[str, Look]] = _Once(
            lambda of: {one.id: one for one in looks(of, openness)}
        )
        self._rows = _Once(all_rows)
        self._teller: _Once[Snapshot, Teller] = _Once(lambda of: teller(of, openness))

    def page(self, moment: Moment) -> StatusPage:
        """The status page as values."""
        incidents = self._incidents(_PAST)
        return status_page(self._title, self._material(moment, incidents), self._openness)

    def status(self, page: StatusPage) -> str:
        """The status page."""
        return self.renderer.status(page)

    def statuses(self, moment: Moment) -> bytes:
        """The statuses for programs."""
        snapshot = moment.snapshot
        seen = tuple(self._seen(snapshot).values())
        uptimes = self._store.uptime(snapshot.now, DAY_S)
        return msgspec.json.encode(public_status(seen, uptimes, snapshot.now))

    def past(self, moment: Moment) -> tuple[Happening, ...]:
        """All that has happened in 90 days, the newest first."""
        since = (moment.snapshot.now - HISTORY_DAYS * DAY_S) * 1000
        found = happenings(self._material(moment, self._incidents(_HISTORY)), self._openness)
        return tuple(one for one in found if one.ended is None or one.newest >= since)

    def history(self, past: Sequence[Happening]) -> str:
        """All of it on one page."""
        return self.renderer.history(past, HISTORY_DAYS)

    def happening(self, moment: Moment, wanted: str) -> str | None:
        """The page of an incident with the posts about it, or of a thread of posts."""
        who = self._teller(moment.snapshot)
        incident = self._store.incident(wanted)
        if incident is not None:
            posts = self._store.posts.about(wanted)
            item = who.of_incident(incident, posts, self._named(posts))
        else:
            posts = self._store.posts.of_thread(wanted)
            item = who.of_posts(posts, self._named(posts))
        return None if item is None else self.renderer.happening(item)

    def monitor(self, moment: Moment, wanted: str) -> str | None:
        """The page of a monitor; None where there is none that may be shown."""
        snapshot = moment.snapshot
        look = self._seen(snapshot).get(wanted)
        if look is None or look.is_group:
            return None
        when, bars_of = self._bars(snapshot.now)
        lately = moment.lately if self._openness.regions else None
        row = Facts(now=snapshot.now, bars=bars_of, lately=lately).row(look)
        regions = closer_regions(look, (lately or {}).get(wanted, {})) if row.regions else ()
        windows = self._store.reliability(wanted, snapshot.now, monitor_page.SECONDS)
        told = self.past_of(moment, wanted)
        chart = self._chart(look.id, snapshot)
        at = snapshot.now, when.first
        return self.renderer.monitor(
            monitor_page.monitor_page(row, windows, chart, told, regions, at)
        )

    def past_of(self, moment: Moment, monitor: str) -> tuple[Happening, ...]:
        """The newest that has happened to a monitor."""
        incidents = self._store.incidents(monitor=monitor, limit=_SHOWN_AT_MONITOR)
        return self._teller(moment.snapshot).happenings(incidents, ())

    def feed(self, name: str, past: Sequence[Happening], root: str, updated: int) -> bytes:
        """A feed of the newest that has happened; `root` is what links are to begin with."""
        make, _ = FEEDS[name]
        where = feeds.Where(root, self.renderer.links)
        return make(self._title, where, past[:_FEED], updated, self._zone)

    def badge(self, page: StatusPage, name: str) -> str | None:
        """`overall`, or the id of a monitor, or that with `-uptime` behind it."""
        if name == "overall":
            return badges.overall_badge(page.title, page.banner)
        rows = self._rows(page)
        wanted = name.removesuffix("-uptime")
        if wanted not in rows:
            return None
        make = badges.status_badge if wanted == name else badges.uptime_badge
        return make(rows[wanted])

    def _chart(self, monitor: str, snapshot: Snapshot) -> monitor_page.Chart | None:
        named = self._openness.regions
        region_of = {node.id: node.region if named else "" for node in snapshot.nodes.values()}
        points = self._store.points(monitor, region_of, snapshot.now, monitor_page.CHART_S)
        return monitor_page.chart(points, snapshot.now)

    def _material(self, moment: Moment, incidents: Sequence[Incident]) -> Material:
        when, bars_of = self._bars(moment.snapshot.now)
        posts = self._store.posts.of_newest_threads()
        found = {one.id: one for one in (*self._named(posts), *incidents)}
        return Material(
            snapshot=moment.snapshot,
            quarter=when,
            bars=bars_of,
            incidents=tuple(found.values()),
            posts=posts,
            maintenance=moment.maintenance,
            lately=moment.lately,
        )

    def _incidents(self, newest: int) -> Sequence[Incident]:
        """All open incidents and the newest of all."""
        still = self._store.incidents(open_only=True, limit=_OPEN)
        found = {one.id: one for one in (*still, *self._store.incidents(limit=newest))}
        return tuple(found.values())

    def _named(self, posts: Iterable[Post]) -> Sequence[Incident]:
        """The incidents that posts are about, however long ago they were."""
        return self._store.incidents_of({post.incident for post in posts if post.incident})

    def _bars(self, now: float) -> tuple[Quarter, Mapping[str, Bars]]:
        """The bars of all monitors, and the days that they are of."""
        if self._known is None or not 0 <= now - self._known[0] < _BARS_KEPT_S:
            when, days = quarter(now), self._store.day_columns(now)
            self._known = (now, when, {one: bars(own, when) for one, own in days.items()})
        return self._known[1:]


def updated_ms(moment: Moment) -> int:
    """The minute of a moment, as pages say it."""
    return minute_of(moment.snapshot.now)
