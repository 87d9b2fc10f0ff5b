"""Pages of HTML from values: templates, and what they need. Pure but for reading its own files."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from uptop_leader.pages import moments, rows
from uptop_leader.pages.links import Links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from uptop_leader.public_views.bars import Bars
    from uptop_leader.public_views.happenings import Happening
    from uptop_leader.public_views.monitor_page import MonitorPage
    from uptop_leader.public_views.page import StatusPage
    from uptop_leader.public_views.rows import Row

STATIC = {
    "uptop.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}
"""The files that pages use, with their media types."""

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'"
)
"""Nothing from elsewhere and nothing inline; a header adds that nobody may frame it."""

REFRESH_S = 60
"""How often a page without JavaScript loads itself anew."""


class Renderer:
    """Makes the pages of one leader, or of one copy."""

    def __init__(self, title: str, zone_name: str, *, is_copy: bool = False) -> None:
        folder = resources.files("uptop_leader") / "pages" / "static"
        self.files = {name: (folder / name).read_bytes() for name in STATIC}
        digest = hashlib.sha256(b"".join(self.files.values())).hexdigest()[:12]
        self.links = Links(is_copy=is_copy, version=digest)
        self._zone = zone_name
        self._globals = {
            "site": title,
            "zone": zone_name,
            "refresh_s": REFRESH_S,
            "policy": POLICY if is_copy else "",
        }

    @cached_property
    def _environment(self) -> Environment:
        environment = _environment(self._zone)
        environment.globals |= self._globals
        return environment

    def status(self, page: StatusPage) -> str:
        """The status page."""
        return self._made("status.html", self.links, page=page)

    def happening(self, item: Happening) -> str:
        """The page of something that has happened."""
        return self._made("incident.html", self.links.beneath(), item=item)

    def history(self, items: Sequence[Happening], days: int) -> str:
        """All that has happened in so many days."""
        months = groupby(items, key=lambda item: moments.told(item.started, "month", self._zone))
        told = [(month, list(some)) for month, some in months]
        return self._made("history.html", self.links, months=told, days=days)

    def monitor(self, page: MonitorPage) -> str:
        """The page of a monitor."""
        return self._made("monitor.html", self.links.beneath(), page=page)

    def nothing(self) -> str:
        """What is at the root while there is no status page."""
        return self._made("nothing.html", self.links)

    def _made(self, template: str, links: Links, **values: object) -> str:
        def written(items: Sequence[Row]) -> Markup:
            return Markup("".join(rows.row(item, links) for item in items))  # noqa: S704  see rows

        made = self._environment.get_template(template)
        return made.render(links=links, written=written, **values)


def _drawn(bars: Bars, name: str) -> Markup:
    return Markup(rows.drawn(bars, escape(name)))  # noqa: S704  see rows


def _environment(zone_name: str) -> Environment:
    """Imported here: Jinja takes 2 MB of memory, and a leader without a status page needs none."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("uptop_leader", "pages/templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["time"] = lambda ms, form="moment": moments.time_element(
        ms, form, zone_name
    )
    environment.filters["day_of"] = lambda ms: moments.told(ms, "day", zone_name)
    environment.filters["drawn"] = _drawn
    return environment
