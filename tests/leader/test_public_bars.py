"""Daily bars: which days look alike, and what is told of those that do not."""

from __future__ import annotations

import pytest

from uptop_leader.public_views.bars import UNSEEN, Run, bars, quarter
from uptop_leader.store.day_blocks import Days

DAY_MS = 86_400_000
NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC
HALF = DAY_MS // 2


def known(**odd: tuple[int, int, int, int]) -> Days:
    """Ninety days that were up, today until noon; `d5=(observed, down, maintained, outages)`."""
    days = Days.none(90)
    for number in range(90):
        days.observed[number] = DAY_MS if number < 89 else HALF
    for name, values in odd.items():
        for column, value in zip(days.columns(), values, strict=True):
            column[int(name[1:])] = value
    return days


def test_a_quarter_without_an_outage_is_one_run() -> None:
    told = bars(known(), quarter(NOON))
    assert told.runs == (Run("up", 0, 90),)
    assert (told.uptime, told.covered, told.bad_days) == (100.0, 100.0, 0)


def test_a_monitor_of_which_nothing_is_known_was_not_looked_at() -> None:
    assert bars(Days.none(90), quarter(NOON)) == UNSEEN
    assert UNSEEN.runs == (Run("none", 0, 90),)


def test_a_day_with_an_outage_stands_alone_and_says_how_long_it_was() -> None:
    told = bars(known(d10=(DAY_MS, 754_000, 0, 2), d11=(DAY_MS, 7_200_000, 0, 1)), quarter(NOON))
    assert told.runs == (
        Run("up", 0, 10),
        Run("some", 10, 1, 1.0, "28 Aug 2023: down for 12 min 34 s in 2 outages"),
        Run("much", 11, 1, 1.0, "29 Aug 2023: down for 2 h in 1 outage"),
        Run("up", 12, 78),
    )
    assert told.bad_days == 2
    assert quarter(NOON).first.isoformat() == "2023-08-18"


def test_a_day_that_was_not_watched_throughout_says_how_much_of_it_was() -> None:
    told = bars(known(d0=(0, 0, 0, 0), d1=(HALF, 0, 0, 0), d2=(600_000, 0, 0, 0)), quarter(NOON))
    assert told.runs[:3] == (
        Run("none", 0, 1),
        Run("up", 1, 1, 0.5, "19 Aug 2023: watched 50 % of the time"),
        Run("up", 2, 1, 600_000 / DAY_MS, "20 Aug 2023: watched less than 1 % of the time"),
    )  # fmt: skip


def test_a_day_of_maintenance_is_neither_up_nor_unwatched() -> None:
    told = bars(known(d4=(0, 0, DAY_MS, 0), d6=(HALF, 0, HALF, 0)), quarter(NOON))
    assert told.runs[1] == Run(
        "care", 4, 1, 1.0, "22 Aug 2023: maintenance for 1 d, watched less than 1 % of the time"
    )
    assert (told.runs[3].kind, told.runs[3].seen) == ("up", 0.5)
    assert "maintenance for 12 h" in told.runs[3].words


def test_today_is_measured_by_what_there_has_been_of_it() -> None:
    late = known(d89=(HALF - 90_000, 0, 0, 0))
    assert bars(late, quarter(NOON)).runs == (Run("up", 0, 90),)
    down = bars(known(d89=(HALF, 60_000, 0, 1)), quarter(NOON))
    assert down.runs[-1] == Run("some", 89, 1, 1.0, "15 Nov 2023: down for 1 min in 1 outage")


def test_uptime_is_cut_and_of_what_was_watched_only() -> None:
    days = Days.none(90)
    days.observed[88], days.down[88] = DAY_MS, 1
    told = bars(days, quarter(NOON))
    assert told.uptime == 99.999
    assert told.covered == pytest.approx(100 / 89.5, abs=0.001)
