"""The rows of the status page as HTML, written by hand.

Jinja takes some 70 µs for such a row, and a page may have a thousand: this takes a tenth of that.
Whatever was written by people goes through `escape`. What we write ourselves is ASCII, here and in the
template: Python holds and encodes a page of nothing else in half the time.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.pages.links import Links
    from uptop_leader.public_views.bars import Bars, Run
    from uptop_leader.public_views.rows import Row

STEP = 5
"""Units of the drawing from one day to the next; a stroke of dashes makes bars of a line."""
_HEIGHT = 28
_LEAST = 5  # of a day of which only minutes were watched, so that they are seen at all


def row(item: Row, links: Links) -> str:
    """One monitor: its status as a shape and a word, since when, 90 days, uptime, regions."""
    name = escape(item.name)
    return (
        f'<li class="row s-{item.status.lower()}" id="m-{item.id}">'
        f'<div class="what"><p class="name"><a href="{links.monitor(item.id)}">'
        f"{name}</a></p>{_more(item)}</div>"
        f'<div class="past">{drawn(item.bars, name)}{_regions(item)}</div>'
        f'<p class="uptime">{item.uptime}<span class="quiet">'
        f'<span class="short">in 90 days &middot; </span>{item.covered} watched</span></p>'
        f'<p class="status"><span class="mark" aria-hidden="true"></span>'
        f"{item.status.capitalize()}</p></li>\n"
    )


def _more(item: Row) -> str:
    if not (item.note or item.why or item.target):
        return ""
    told = (("quiet", item.note), ("quiet why", item.why), ("quiet target", item.target))
    return "".join([f'<p class="{css}">{escape(words)}</p>' for css, words in told if words])


def drawn(bars: Bars, name: str) -> str:
    """The bars: a line of dashes for each run of days. An odd day says in its title what was.
    `name` is escaped already.
    """
    days = f"outages on {bars.bad_days} days" if bars.bad_days else "no outage"
    days = "outages on 1 day" if bars.bad_days == 1 else days
    return (
        f'<div class="bars" role="img" aria-label="{name}, last 90 days: {days}">'
        '<svg viewBox="0 0 450 34" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(map(_run, bars.runs))}</svg></div>"
    )


def _run(run: Run) -> str:
    kind, start, count = run.kind, run.start, run.count
    if not run.words:
        return _line(kind, start, count)
    title = f"<title>{run.words}</title>"
    mark = _line(f"{kind} dot", start, count, 32) if kind in _MARKED else ""
    if run.seen >= 1:
        return f"<g>{_line(kind, start, count)}{mark}{title}</g>"
    x = start * STEP
    top = round(min(_HEIGHT * (1 - run.seen), _HEIGHT - _LEAST), 1)
    return (
        f'<g><rect class="none" x="{x}" y="0" width="3.6" height="{top}"/>'
        f'<rect class="{kind}" x="{x}" y="{top}" width="3.6" height="{_HEIGHT - top:.1f}"/>'
        f"{mark}{title}</g>"
    )


@lru_cache(maxsize=2048)
def _line(css: str, start: int, count: int, y: int = 14) -> str:
    """Bars of days that are alike. Most lines begin or end where many others do."""
    x = start * STEP
    return f'<path class="{css}" d="M{x} {y}H{x + count * STEP}"/>'


_MARKED = ("some", "much")


def _regions(item: Row) -> str:
    if not item.regions:
        return f'<p class="quiet latency">answers in {item.latency}</p>' if item.latency else ""
    told = "".join([_region(one.status, one.name, one.word) for one in item.regions])
    return f'<ul class="regions" aria-label="By region">{told}</ul>'


@lru_cache(maxsize=1024)
def _region(status: str, name: str, word: str) -> str:
    """How it is in one region; of many rows some say the same."""
    return (
        f'<li class="s-{status.lower()}"><span class="mark" aria-hidden="true"></span>'
        f"{escape(name)} <b>{word}</b></li>"
    )
