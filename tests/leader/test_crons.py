"""Cron expressions with a time zone, also where a clock is put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from uptop_leader.crons import due, problem
from uptop_leader.zones import zone

BERLIN = "Europe/Berlin"


def moments(expression: str, after: str, number: int, where: str = BERLIN) -> list[str]:
    """The next moments after a time in UTC, by the clocks there."""
    at = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    found = []
    for _ in range(number):
        at, _ = due(expression, where, at)
        found.append(datetime.fromtimestamp(at, zone(where)).strftime("%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("expression", "after", "found"),
    [
        ("30 2 * * *", "2026-05-01T00:00", ["01 02:30+0200", "02 02:30+0200"]),
        ("@daily", "2026-05-01T00:00", ["02 00:00+0200", "03 00:00+0200"]),
        ("0 9 * * MON-FRI", "2026-05-01T07:00", ["04 09:00+0200", "05 09:00+0200"]),
        ("0 0 L * *", "2026-02-01T00:00", ["28 00:00+0100", "31 00:00+0200"]),
        # 29 March, 02:00 is 03:00: what is skipped is due right after the gap.
        ("30 2 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 02:30+0200"]),
        ("30 3 * * *", "2026-03-28T12:00", ["29 03:30+0200", "30 03:30+0200"]),
        ("*/30 * * * *", "2026-03-29T00:15", ["29 01:30+0100", "29 03:00+0200"]),
        # 25 October, 03:00 is 02:00: what comes twice is due once.
        ("30 2 * * *", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
        ("*/30 * * * *", "2026-10-25T00:15", ["25 02:30+0200", "25 02:00+0100"]),
    ],
)  # fmt: skip
def test_the_moments_of_an_expression(expression: str, after: str, found: list[str]) -> None:
    assert problem(expression) is None
    assert moments(expression, after, len(found)) == found


def test_the_moment_before_tells_the_interval() -> None:
    friday = datetime(2026, 5, 1, 9, 30, tzinfo=UTC).timestamp()
    next_at, before = due("0 9 * * MON-FRI", "UTC", friday)
    assert (next_at - before) / 3600 == 72
    thursday = friday - 86_400
    next_at, before = due("0 9 * * MON-FRI", "UTC", thursday)
    assert (next_at - before) / 3600 == 24


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "is not five fields"),
        ("* * * *", "is not five fields"),
        ("* * * * * *", "is not five fields"),
        ("60 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("a b c d e", "bad minute"),
        ("@often", "known are @hourly"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 29 2 *", "less often than once a year"),
        ("0 0 * 2 MON#5", "less often than once a year"),
    ],
)
def test_what_is_wrong_is_said(expression: str, words: str) -> None:
    assert words in str(problem(expression))
