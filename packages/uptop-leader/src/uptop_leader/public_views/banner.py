"""The banner: one word and one sentence for all. The worst wins, and maintenance hides nothing. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from uptop_leader.groups import worst
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
_ALL_DOWN = "All systems are down"
_UP_SO_FAR = "All systems are up that have been looked at"
_WORST_FIRST = (
    Status.DOWN,
    Status.PARTIAL,
    Status.UNKNOWN,
    Status.LATE,
    Status.DEGRADED,
    Status.MAINTENANCE,
    Status.PENDING,
    Status.PAUSED,
    Status.UP,
)


class Shown(Protocol):
    """What is needed of a monitor; the API's view of it will do."""

    @property
    def type(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def judged(self) -> str: ...
    @property
    def belief(self) -> str: ...


class Banner(Struct, frozen=True, kw_only=True):
    """What stands above everything else; `counts` are of monitors by status, the worst first."""

    overall: str
    headline: str
    counts: tuple[tuple[str, int], ...]


def banner(views: Sequence[Shown]) -> Banner:
    """The banner of all monitors."""
    status = overall(views)
    return Banner(overall=status.value, headline=_headline(status, views), counts=counts_of(views))


def overall(views: Iterable[Shown]) -> Status:
    """The worst status of all; groups repeat their members and are left out where they can be.

    What is up counts as up in maintenance too. Anything else in maintenance makes MAINTENANCE of
    all that it does not hide an outage of: nothing is all well because of maintenance.
    """
    known = {_counted(*pair) for pair in {(view.status, view.judged) for view in _plain(views)}}
    found = worst(known)
    is_outage = found in (Status.DOWN, Status.UNKNOWN, Status.PARTIAL)
    return Status.MAINTENANCE if Status.MAINTENANCE in known and not is_outage else found


def counts_of(views: Iterable[Shown]) -> tuple[tuple[str, int], ...]:
    """How many monitors there are of each status, the worst first; groups are not counted."""
    counts = Counter(view.status for view in views if view.type != "group")
    return tuple((status.value, counts[status]) for status in _WORST_FIRST if counts[status])


def _plain(views: Iterable[Shown]) -> list[Shown]:
    chosen = list(views)
    return [view for view in chosen if view.type != "group"] or chosen


def _counted(status: str, judged: str) -> Status:
    is_up = status == Status.MAINTENANCE and judged == Status.UP
    return Status.UP if is_up else Status(status)


def _headline(status: Status, views: Sequence[Shown]) -> str:
    if not views:
        return "Nothing is watched yet"
    maintained = [view for view in views if view.status == Status.MAINTENANCE]
    if status is Status.MAINTENANCE and any(view.belief == Status.DOWN for view in maintained):
        return _MAINTAINED_DOWN
    if status is Status.PENDING and any(view.judged == Status.UP for view in views):
        return _UP_SO_FAR
    if status is Status.DOWN and all(view.status == Status.DOWN for view in _plain(views)):
        return _ALL_DOWN
    return _HEADLINES[status]
