"""Step 14, as plain text: views → lines for a terminal. Pure.

In: what the API says of monitors and nodes. Out: a status line, an aligned table, DOWN first, and
what is wrong with nodes.
Nothing is said by colour.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.escaping import escape
from uptop_core.views import MonitorView, NodeView, percent
from uptop_tui.filtering import STATUSES
from uptop_tui.troubles import trouble_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_HEADINGS = ("STATUS", "NAME", "KIND", "LATENCY", "UPTIME 24H", "WATCHED", "VOTES", "REGIONS")
_RIGHT = frozenset({"LATENCY", "UPTIME 24H", "WATCHED", "VOTES"})
_UNPROVEN = ("isolated", "outweighed")
_WORDS = ("", "no proof", "down")
_NAME_LIMIT = 40
_ERROR_LIMIT = 200
_GAP = "  "
EMPTY = "nothing is watched yet"
NO_MATCH = "nothing matches the filter"


class Overview(Struct, frozen=True, kw_only=True):
    """Everything at a glance. Groups are listed and not counted: they repeat their members."""

    monitors: tuple[MonitorView, ...] = ()
    nodes: tuple[NodeView, ...] = ()

    @property
    def is_down(self) -> bool:
        """Whether anything is down."""
        return any(view.status == "DOWN" for view in self.monitors)

    def counts(self) -> Counter[str]:
        """How many monitors show each status."""
        return Counter(view.status for view in self.monitors if view.type != "group")


def lines(
    overview: Overview, columns: int | None = None, *, is_filtered: bool = False
) -> Iterator[str]:
    """The status line and the table; errors are cut at `columns` where there is such a limit."""
    yield status_line(overview)
    if overview.monitors:
        yield ""
        yield from _table(overview, columns)
    else:
        yield NO_MATCH if is_filtered else EMPTY
    troubles = [_cut(line, columns) for node in overview.nodes for line in _troubles(node)]
    if troubles:
        yield ""
        yield from troubles


def _table(overview: Overview, columns: int | None) -> Iterator[str]:
    ordered = sorted(overview.monitors, key=lambda view: (_rank(view), view.name.casefold()))
    table = [_HEADINGS, *(_cells(view) for view in ordered)]
    errors = ["ERROR", *(escape(error_of(view), _ERROR_LIMIT) for view in ordered)]
    widths = [max(width(row[column]) for row in table) for column in range(len(_HEADINGS))]
    for row, error in zip(table, errors, strict=True):
        yield _cut(_GAP.join((*_aligned(row, widths), error)).rstrip(), columns)


def status_line(overview: Overview) -> str:
    """Such as `UP 12 / 14 · DOWN 1 · LATE 1 · nodes 3 / 3`."""
    counts = overview.counts()
    parts = [f"UP {counts['UP']} / {counts.total()}"]
    parts += [f"{word} {counts[word]}" for word in STATUSES if word != "UP" and counts[word]]
    online = sum(node.state == "online" for node in overview.nodes)
    expected = sum(node.state != "left" for node in overview.nodes)
    return " · ".join((*parts, f"nodes {online} / {expected}"))


def width(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters take two, marks none."""
    return sum(_columns(character) for character in text)


def _rank(view: MonitorView) -> int:
    return STATUSES.index(view.status) if view.status in STATUSES else len(STATUSES)


def _cells(view: MonitorView) -> tuple[str, ...]:
    latency = "–" if view.latency_ms is None else f"{view.latency_ms:.0f} ms"
    votes = f"{view.votes_up}/{view.votes_fresh}" if view.votes_fresh else "–"
    return (
        escape(view.status, 20),
        escape(view.name, _NAME_LIMIT),
        escape(view.type, 20),
        latency,
        percent(view.uptime_24h),
        percent(view.covered_24h, 1),
        votes,
        _regions(view),
    )


def error_of(view: MonitorView) -> str:
    """What is wrong; in maintenance also which one it is, and what was judged beneath it."""
    if view.status != "MAINTENANCE":
        return view.error
    beneath = view.judged if view.judged not in ("UP", "MAINTENANCE") else ""
    return ": ".join(part for part in (", ".join(view.maintenance), beneath, view.error) if part)


def _regions(view: MonitorView) -> str:
    """The regions that look (a node without one by its name); those that see it down say so, and
    those whose vote is set aside for want of proof that their own line works."""
    said: dict[str, str] = {}
    for vote in view.votes:
        if vote.fresh or vote.aside in _UNPROVEN:
            word = "no proof" if not vote.fresh else "" if vote.up else "down"
            region = escape(vote.region or vote.name, 40)
            said[region] = max(said.get(region, ""), word, key=_WORDS.index)
    return " ".join(f"{name}({word})" if word else name for name, word in sorted(said.items()))


def _troubles(node: NodeView) -> Iterator[str]:
    """What is wrong with a node, a line each, such as `node eu-1 (eu-west): offline since …`."""
    place = f" ({escape(node.region, 40)})" if node.region else ""
    for trouble in node.troubles:
        what = trouble_words(trouble.kind, node)
        since = f" since {_moment(trouble.since)}" if trouble.since is not None else ""
        yield f"node {escape(node.name, _NAME_LIMIT)}{place}: {what}{since}"


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _aligned(row: Sequence[str], widths: Iterable[int]) -> Iterator[str]:
    for heading, cell, wanted in zip(_HEADINGS, row, widths, strict=True):
        space = " " * (wanted - width(cell))
        yield space + cell if heading in _RIGHT else cell + space


def _cut(line: str, columns: int | None) -> str:
    if columns is None or width(line) <= columns:
        return line
    kept, room = [], columns - 1
    for character in line:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
