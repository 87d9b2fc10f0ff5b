"""Which monitors stand in a list, in which order and how deep. Pure.

In: all monitors and what is wished (a filter, an order, folded groups). Out: lines, members beneath
their group. While a filter is at work groups are shown for the sake of their members, and nothing is
folded. What has changed is asked about first: most news change no order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_tui.filtering import Filter
from uptop_tui.signs import rank_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from uptop_core.views import MonitorView

ROOT = ""


class Wish(Struct, frozen=True, kw_only=True):
    """How the list is to be: `order` is one of ORDERS, `folded` the ids of groups."""

    filter: Filter = Filter()
    order: str = "status"
    is_reversed: bool = False
    folded: frozenset[str] = frozenset()


class Line(Struct, frozen=True):
    """A monitor in the list. `fold` tells whether a group is folded, null for what is no group."""

    id: str
    depth: int = 0
    fold: bool | None = None


def _votes(view: MonitorView) -> float:
    return view.votes_up / view.votes_fresh if view.votes_fresh else math.inf


ORDERS: dict[str, Callable[[MonitorView], Any]] = {
    "status": lambda view: rank_of(view.status),
    "name": lambda _: 0,
    "kind": lambda view: view.type,
    "since": lambda view: -view.since,
    "latency": lambda view: -(view.latency_ms or 0.0),
    "uptime": lambda view: math.inf if view.uptime_24h is None else view.uptime_24h,
    "cert": lambda view: view.cert_end or math.inf,
    "votes": _votes,
}
"""By the key of a column; what needs somebody first comes first, and names decide where it is even."""


def order_key(view: MonitorView, wish: Wish) -> tuple[Any, ...]:
    """What decides where a monitor stands, and whether it does: while it is the same, so is that."""
    place = ORDERS[wish.order](view)
    return (place, view.name.casefold(), view.id, view.parent, view.type, wish.filter.holds(view))


def listed(views: Mapping[str, MonitorView], wish: Wish) -> list[Line]:
    """The lines of the list."""
    shown = _shown(views, wish)
    members: dict[str, list[str]] = {}
    for id in shown:
        parent = views[id].parent
        members.setdefault(parent if parent in shown else ROOT, []).append(id)
    for ids in members.values():
        ids.sort(key=lambda id: order_key(views[id], wish)[:3], reverse=wish.is_reversed)
    return list(_lines(views, members, wish, ROOT, 0))


def _shown(views: Mapping[str, MonitorView], wish: Wish) -> set[str]:
    """Those that the filter means, and the groups that they are in."""
    if not wish.filter.words:
        return set(views)
    shown: set[str] = set()
    for id, view in views.items():
        if wish.filter.holds(view):
            shown.update((id, *_groups_of(views, view)))
    return shown


def _groups_of(views: Mapping[str, MonitorView], view: MonitorView) -> Iterator[str]:
    seen = {view.id}
    while view.parent is not None and view.parent in views and view.parent not in seen:
        seen.add(view.parent)
        yield view.parent
        view = views[view.parent]


def _lines(
    views: Mapping[str, MonitorView],
    members: Mapping[str, list[str]],
    wish: Wish,
    parent: str,
    depth: int,
) -> Iterator[Line]:
    for id in members.get(parent, ()):
        is_group = views[id].type == "group"
        is_folded = is_group and id in wish.folded and not wish.filter.words
        yield Line(id, depth, is_folded if is_group else None)
        if not is_folded:
            yield from _lines(views, members, wish, id, depth + 1)


def groups(views: Iterable[MonitorView]) -> frozenset[str]:
    """All groups."""
    return frozenset(view.id for view in views if view.type == "group")
