"""The page of one monitor as values: its windows in words, and the drawing of its response times."""

from __future__ import annotations

from uptop_leader.public_views.monitor_page import chart, windows
from uptop_leader.reliability import Reliability
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Point

NOW = 1_700_000_000.0


def window(observed_s: float) -> Reliability:
    return Reliability(
        window_s=86_400.0, observed_s=observed_s, down_s=0.0, outages=0, longest_s=0.0
    )


def point(seconds_ago: float, p50_ms: float) -> Point:
    return Point(
        at_ms=round((NOW - seconds_ago) * 1000),
        lasts_ms=300_000,
        latency=Latency(count=1, down=0, p50_ms=p50_ms),
    )


def test_a_little_that_was_watched_of_a_window_is_not_nothing() -> None:
    told = windows({"24h": window(30.0), "7d": window(43_200.0), "30d": window(0.0)})
    assert [one.covered for one in told] == ["under 0.1 %", "50 %", "0 %"]


def test_a_point_alone_is_a_dot_and_points_in_a_row_are_a_line() -> None:
    alone = chart({"": [point(0, 40.0)]}, NOW)
    assert alone is not None
    assert alone.lines[0].path == "M720.0 32.0h0"
    row = chart({"": [point(600, 40.0), point(300, 40.0), point(0, 20.0)]}, NOW)
    assert row is not None
    assert row.lines[0].path == "M715.0 32.0h0L717.5 32.0L720.0 96.0"
