"""The page of one monitor: its row, uptimes by window, odd days, response times, its past. Pure."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.views import percent
from uptop_leader.percents import cut_percent
from uptop_leader.public_views.page import minute_of
from uptop_leader.public_views.regions import milliseconds
from uptop_leader.public_views.rows import watched
from uptop_leader.reliability import RANGES
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from uptop_leader.public_views.happenings import Happening
    from uptop_leader.public_views.regions import PublicRegion
    from uptop_leader.public_views.rows import Row
    from uptop_leader.reliability import Reliability
    from uptop_leader.store.regions import Point

WINDOWS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "1y": "a year"}
SECONDS = {name: RANGES[name] for name in WINDOWS}
CHART_S = 86_400.0
WIDTH, HEIGHT = 720, 160
_STEPS = (1, 2, 5)
_GAP = 2.5  # buckets without results after which a line is interrupted


class Window(Struct, frozen=True, kw_only=True):
    """A window that ends now, in words."""

    name: str
    uptime: str
    covered: str
    down: str
    outages: int


class Line(Struct, frozen=True, kw_only=True):
    """The medians of a region over the last day: the line as an SVG path, and its last value."""

    name: str
    path: str
    usual: str


class Chart(Struct, frozen=True, kw_only=True):
    """Response times by region; `ticks` are heights of the drawing with their words."""

    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]


class MonitorPage(Struct, frozen=True, kw_only=True):
    """Everything on the page of a monitor; `odd` are the words of the days that were not the same
    throughout, the newest first.
    """

    row: Row
    updated: int
    first_day: date
    regions: tuple[PublicRegion, ...]
    windows: tuple[Window, ...]
    odd: tuple[str, ...]
    chart: Chart | None
    past: tuple[Happening, ...]


def monitor_page(
    row: Row,
    found: Mapping[str, Reliability],
    drawing: Chart | None,
    past: tuple[Happening, ...],
    regions: tuple[PublicRegion, ...],
    when: tuple[float, date],
) -> MonitorPage:
    """The page, from its parts; `when` is now (Unix seconds) and the date of the first bar."""
    now, first_day = when
    return MonitorPage(
        row=row,
        updated=minute_of(now),
        first_day=first_day,
        regions=regions,
        windows=windows(found),
        odd=odd_days(row),
        chart=drawing,
        past=past,
    )


def windows(found: Mapping[str, Reliability]) -> tuple[Window, ...]:
    """The windows of a monitor in words."""
    return tuple(
        Window(
            name=WINDOWS[name],
            uptime=percent(cut_percent(one.up_s, one.observed_s), 3),
            covered=watched(cut_percent(one.observed_s, one.window_s), is_some=one.observed_s > 0),
            down=duration(round(one.down_s * 1000)) if one.down_s else "none",
            outages=one.outages,
        )
        for name, one in found.items()
        if name in WINDOWS
    )


def odd_days(row: Row) -> tuple[str, ...]:
    """What is to be told of single days, the newest first."""
    return tuple(run.words for run in reversed(row.bars.runs) if run.words)


def chart(points: Mapping[str, Sequence[Point]], now: float) -> Chart | None:
    """The drawing of the last day; None where nothing is known."""
    since = (now - CHART_S) * 1000
    known = {
        region: [(point.at_ms, point.latency.p50_ms) for point in own if point.latency.p50_ms]
        for region, own in points.items()
    }
    highest = max((value for own in known.values() for _, value in own), default=0.0)
    if highest <= 0:
        return None
    top = _round_up(highest)
    lines = tuple(
        Line(name=region or "response time", path=_path(own, since, top), usual=_last(own))
        for region, own in sorted(known.items())
        if own
    )
    ticks = ((HEIGHT, "0"), (HEIGHT / 2, milliseconds(top / 2)), (0.0, milliseconds(top)))
    return Chart(lines=lines, ticks=ticks)


def _last(own: Sequence[tuple[int, float]]) -> str:
    return milliseconds(own[-1][1])


def _path(own: Sequence[tuple[int, float]], since: float, top: float) -> str:
    """A line through the points; where buckets have no results it is interrupted, and a point alone
    is a dot (a line of no length, whose ends are round).
    """
    return "".join(_moves(own, since, top))


def _moves(own: Sequence[tuple[int, float]], since: float, top: float) -> Iterator[str]:
    before = -math.inf
    step = min((b[0] - a[0] for a, b in itertools.pairwise(own)), default=1)
    for at, value in own:
        x = max(0.0, (at - since) / 1000 / CHART_S * WIDTH)
        y = HEIGHT * (1 - value / top)
        goes_on = at - before <= _GAP * step
        yield f"L{x:.1f} {y:.1f}" if goes_on else f"M{x:.1f} {y:.1f}h0"
        before = at


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, … at or above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value), 10 * power)
