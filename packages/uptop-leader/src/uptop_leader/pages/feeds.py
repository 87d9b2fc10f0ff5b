"""The same news as a feed: Atom (RFC 4287) and RSS 2.0. Pure.

An entry keeps its id for good and is renewed with whatever is added to it, its end too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from msgspec import Struct

from uptop_leader.pages.links import Links
from uptop_leader.pages.moments import iso, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_leader.public_views.happenings import Happening

ATOM, RSS = "application/atom+xml; charset=utf-8", "application/rss+xml; charset=utf-8"
_NAMESPACE = "http://www.w3.org/2005/Atom"


class Where(Struct, frozen=True):
    """Where the status page is: `root` with a link of `links` behind it is a whole address."""

    root: str
    links: Links

    def __call__(self, link: str) -> str:
        """The address that a link leads to."""
        return self.root + link


def atom(
    title: str, where: Where, items: Sequence[Happening], updated: int, zone_name: str
) -> bytes:
    """The feed as Atom; `updated` is in Unix milliseconds."""
    links = where.links
    feed = ElementTree.Element("feed", xmlns=_NAMESPACE)
    _add(feed, "id", where(links.home))
    _add(feed, "title", title)
    _add(feed, "updated", iso(max((item.newest for item in items), default=updated)))
    _add(feed, "link", href=where(links.home))
    _add(feed, "link", rel="self", href=where(links.atom))
    author = _add(feed, "author")
    _add(author, "name", title)
    for item in items:
        entry = _add(feed, "entry")
        _add(entry, "id", f"urn:uuid:{item.id}")
        _add(entry, "title", heading(item))
        _add(entry, "published", iso(item.started))
        _add(entry, "updated", iso(item.newest))
        _add(entry, "link", href=where(links.incident(item.id)))
        _add(entry, "content", text(item, zone_name), type="text")
    return _written(feed)


def rss(
    title: str, where: Where, items: Sequence[Happening], updated: int, zone_name: str
) -> bytes:
    """The feed as RSS 2.0."""
    links = where.links
    root = ElementTree.Element("rss", version="2.0")
    channel = _add(root, "channel")
    _add(channel, "title", title)
    _add(channel, "link", where(links.home))
    _add(channel, "description", f"What happens: {title}")
    _add(channel, "lastBuildDate", _rfc822(max((item.newest for item in items), default=updated)))
    for item in items:
        entry = _add(channel, "item")
        _add(entry, "title", heading(item))
        _add(entry, "link", where(links.incident(item.id)))
        _add(entry, "guid", f"urn:uuid:{item.id}", isPermaLink="false")
        _add(entry, "pubDate", _rfc822(item.newest))
        _add(entry, "description", text(item, zone_name))
    return _written(root)


def heading(item: Happening) -> str:
    """The title of an entry: what it is, and how far people are."""
    state = "Over" if item.ended is not None else item.state.capitalize() or "Ongoing"
    return f"{item.title} ({state})"


def text(item: Happening, zone_name: str) -> str:
    """Its timeline, the newest first."""
    lines = [f"Affects {', '.join(name for _, name in item.affected)}"] if item.affected else []
    for update in reversed(item.updates):
        words = f": {update.words}" if update.words else ""
        lines.append(f"{told(update.at, 'moment', zone_name)} · {update.label}{words}")
    return "\n".join(lines)


def _add(
    parent: ElementTree.Element, tag: str, words: str | None = None, **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = None if words is None else _plain(words)
    return child


def _plain(words: str) -> str:
    """Words without the characters that XML has no place for (XML 1.0, section 2.2)."""
    return "".join(
        char for char in words if (char >= " " and char not in "\ufffe\uffff") or char in "\n\t"
    )


def _rfc822(ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(ms / 1000, UTC))


def _written(root: ElementTree.Element) -> bytes:
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found
