"""Daily bars: 90 days of a monitor, told as runs of days that are alike. Pure.

A day is told by what was observed of it. Its colour says how long it was down: `up`, `some` (less
than a twentieth of what was observed) or `much`; `care` is a day of maintenance and `none` one in which
nobody looked. Of a day that was not looked at throughout, `seen` says how much was.
"""

from __future__ import annotations

import re
from array import array
from datetime import UTC, date, datetime, timedelta
from itertools import compress
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.percents import cut_percent
from uptop_leader.store.levels import DAY
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_leader.store.day_blocks import Days

BARS = 90
_MUCH = 0.05  # down for this share of the observed time or more
_WHOLE = 0.99  # seen for this share of the day or more
_SLACK_MS = 120_000  # what the newest looks may not have told yet
_EMPTY, _FULL, _ODD = 0, 1, 2
_DAYS = range(BARS)
_NOTHING = array("I", bytes(4 * BARS))
_WHOLE_DAYS = array("I", [DAY.length_ms] * (BARS - 1))
_WHOLE_MS = (BARS - 1) * DAY.length_ms
_ALL_FULL = bytes([_FULL] * BARS)
_ALIKE = re.compile(rb"\x00+|\x01+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Run(Struct, frozen=True, gc=False):
    """`count` days from number `start` on that look alike; `words` tell of a single odd one."""

    kind: str
    start: int
    count: int
    seen: float = 1.0
    words: str = ""


class Bars(Struct, frozen=True, gc=False):
    """The days of a monitor. `uptime` and `covered` are percent of all of them, uptime None where
    nothing was observed; `bad_days` is how many have outages.
    """

    runs: tuple[Run, ...]
    uptime: float | None
    covered: float | None
    bad_days: int


_ALL_UP = (Run("up", 0, BARS),)
UNSEEN = Bars((Run("none", 0, BARS),), None, 0.0, 0)
"""The bars of a monitor of which nothing is known."""


class Quarter(Struct, frozen=True):
    """The ninety days until `now`: what is the same for all monitors. Days are those of UTC.
    `elapsed_ms` are of today so far, `window_ms` of all of it.
    """

    first: date
    elapsed_ms: int
    window_ms: int
    words: tuple[str, ...]


def quarter(now: float) -> Quarter:
    """The ninety days that end with today so far."""
    now_ms = int(now * 1000)
    today = DAY.start_of(now_ms)
    first = datetime.fromtimestamp((today - (BARS - 1) * DAY.length_ms) / 1000, UTC).date()
    words = tuple(day_words(first + timedelta(number)) for number in range(BARS))
    return Quarter(first, now_ms - today, _WHOLE_MS + now_ms - today, words)


def bars(days: Days, when: Quarter) -> Bars:
    """The bars of a monitor, whose days end with today so far.

    Columns are compared as a whole before they are read: telling ninety days of a thousand monitors
    one by one takes longer than all else.
    """
    observed = days.observed
    is_whole = observed[:-1] == _WHOLE_DAYS
    total = _WHOLE_MS + observed[-1] if is_whole else sum(observed)
    down = _numbers(days.down)
    bad = sum([days.down[number] for number in down])
    return Bars(
        runs=_runs(days, when, (*down, *_numbers(days.maintained)), is_whole=is_whole),
        uptime=cut_percent(total - bad, total),
        covered=cut_percent(total, when.window_ms),
        bad_days=len(down),
    )


def _numbers(column: array[int]) -> list[int]:
    """The days of which a column says anything."""
    if column == _NOTHING:
        return []
    return list(compress(_DAYS, column))


def _runs(days: Days, when: Quarter, odd: Iterable[int], *, is_whole: bool) -> tuple[Run, ...]:
    """The days by runs: `odd` are the numbers of those that stand alone, and so do those that were
    watched in part; `is_whole` says that none was but perhaps today.
    """
    observed = days.observed
    marks = bytearray(_ALL_FULL) if is_whole else _marks(observed)
    is_today_whole = observed[-1] >= when.elapsed_ms - _SLACK_MS
    marks[-1] = _FULL if is_today_whole else _ODD if observed[-1] else _EMPTY
    for number in odd:
        marks[number] = _ODD
    if marks == _ALL_FULL:
        return _ALL_UP
    runs: list[Run] = []
    start = 0
    for plain in marks.split(bytes([_ODD])):  # where it was split stands an odd day
        runs += _plain(plain, start)
        start += len(plain)
        if start < BARS:
            runs.append(_odd_day(days, start, when))
        start += 1
    return tuple(runs)


def _plain(marks: bytearray, start: int) -> list[Run]:
    """The runs of days that were watched throughout or not at all."""
    if _EMPTY not in marks:  # as most are
        return [Run("up", start, len(marks))] if marks else []
    runs = []
    for alike in _ALIKE.findall(marks):
        runs.append(Run("up" if alike[0] == _FULL else "none", start, len(alike)))
        start += len(alike)
    return runs


def _marks(observed: array[int]) -> bytearray:
    whole = DAY.length_ms
    return bytearray([_FULL if seen == whole else _ODD if seen else _EMPTY for seen in observed])


def _odd_day(days: Days, number: int, when: Quarter) -> Run:
    observed, down = days.observed[number], days.down[number]
    maintained, outages = days.maintained[number], days.outages[number]
    whole = when.elapsed_ms if number == BARS - 1 else DAY.length_ms
    seen = observed / whole if observed < whole else 1.0
    told = [f"down for {duration(down)} in {_outages(outages)}"] if down else []
    if maintained:
        told.append(f"maintenance for {duration(maintained)}")
    if seen < _WHOLE or not told:
        told.append(_watched(seen))
    return Run(
        kind=_kind(observed, down, maintained),
        start=number,
        count=1,
        seen=1.0 if seen >= _WHOLE or not observed else seen,
        words=f"{when.words[number]}: {', '.join(told)}",
    )


def _kind(observed: int, down: int, maintained: int) -> str:
    if down:
        return "much" if down >= _MUCH * observed else "some"
    if observed:
        return "up"
    return "care" if maintained else "none"


def _watched(seen: float) -> str:
    if seen >= _WHOLE:
        return "no downtime"
    share = int(cut_percent(seen, 1.0) or 0)
    return f"watched {share or 'less than 1'} % of the time"


def _outages(number: int) -> str:
    return "1 outage" if number == 1 else f"{number} outages"


def day_words(day: date) -> str:
    """A date for people: `12 Oct 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
