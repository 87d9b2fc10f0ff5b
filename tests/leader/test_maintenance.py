"""When maintenance is: once and recurring, over changes of the clock, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.calendars import Calendar
from uptop_leader.maintenance import LONGEST_S, Maintenance, Span

HOUR, DAY = 3600.0, 86_400.0


def at(text: str) -> float:
    """Unix seconds of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def once(start: float, end: float, **facts: Any) -> Maintenance:
    return Maintenance(id="w", name="w", start=start, end=end, **facts)


def recurring(
    rule: str, duration: float = HOUR, zone: str = "Europe/Berlin", **facts: Any
) -> Maintenance:
    return Maintenance(id="w", name="w", rrule=rule, duration=duration, timezone=zone, **facts)


def shown(spans: list[Span]) -> list[tuple[str, str]]:
    """The spans in UTC."""
    return [
        tuple(  # type: ignore[misc]  # two each
            datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M")
            for moment in (span.start, span.end)
        )
        for span in spans
    ]


def active(one: Maintenance, moment: float) -> Span | None:
    """The time of it that a moment is in, if it is in one."""
    span = next(one.spans(moment), None)
    return span if span is not None and span.start <= moment else None


def next_change(one: Maintenance, after: float) -> float | None:
    """When it begins or ends next; None when it never does again."""
    span = next(one.spans(after), None)
    if span is None:
        return None
    return span.start if span.start > after else span.end


def test_it_is_from_its_start_until_its_end() -> None:
    one = once(100, 200)
    assert [active(one, moment) is not None for moment in (99, 100, 199, 200)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [next_change(one, moment) for moment in (0, 100, 199, 200)] == [100, 200, 200, None]


@pytest.mark.parametrize(
    ("rule", "since", "found"),
    [
        # Sunday 29 March 2026, 02:00 is 03:00. The wall-clock start stays, the length is elapsed.
        ("FREQ=DAILY;BYHOUR=3", "2026-03-28T00:00", [("03-28 02:00", "03-28 03:00"), ("03-29 01:00", "03-29 02:00")]),
        ("FREQ=DAILY;BYHOUR=1;BYMINUTE=30", "2026-03-29T00:00", [("03-29 00:30", "03-29 01:30"), ("03-29 23:30", "03-30 00:30")]),
        # Half past two is skipped on that day: it counts with the offset from before, so 03:30.
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-03-29T00:00", [("03-29 01:30", "03-29 02:30"), ("03-30 00:30", "03-30 01:30")]),
        # Sunday 25 October 2026, 03:00 is 02:00: half past two comes twice, the first one counts.
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-10-25T00:00", [("10-25 00:30", "10-25 01:30"), ("10-26 01:30", "10-26 02:30")]),
        ("FREQ=DAILY;BYHOUR=3", "2026-10-24T12:00", [("10-25 02:00", "10-25 03:00"), ("10-26 02:00", "10-26 03:00")]),
        # On the day of the change half past two and half past three mean the same; a year later not.
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=29;BYHOUR=2,3;BYMINUTE=30", "2026-03-28T00:00", [("03-29 01:30", "03-29 02:30"), ("03-29 00:30", "03-29 02:30")]),
    ],
)  # fmt: skip
def test_a_recurring_one_begins_by_the_wall_clock(
    rule: str, since: str, found: list[tuple[str, str]]
) -> None:
    assert shown(list(islice(recurring(rule).spans(at(since)), 2))) == found


def test_times_that_overlap_or_touch_are_one() -> None:
    twice = recurring("FREQ=DAILY;BYHOUR=1,2", duration=HOUR, zone="UTC")
    assert shown(list(islice(twice.spans(at("2026-05-01T00:00")), 1))) == [
        ("05-01 01:00", "05-01 03:00")
    ]


def test_one_that_never_ends_is_worked_out_in_pieces() -> None:
    always = recurring("FREQ=DAILY", duration=DAY, zone="UTC")
    span = active(always, at("2026-05-01T12:00"))
    assert span is not None
    assert span.end - span.start <= LONGEST_S + DAY


def test_a_start_is_the_first_and_a_count_the_last() -> None:
    start = at("2026-05-01T20:00")
    one = recurring("FREQ=WEEKLY;COUNT=2", zone="UTC", start=start)
    assert shown(list(one.spans(0))) == [
        ("05-01 20:00", "05-01 21:00"),
        ("05-08 20:00", "05-08 21:00"),
    ]
    assert next_change(one, at("2026-05-09T00:00")) is None


_RULES = st.builds(
    "FREQ={};INTERVAL={};BYHOUR={}".format,
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    st.integers(1, 5),
    st.sampled_from(["0", "2", "3", "1,23", "2,3,14"]),
)
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
_MOMENTS = st.integers(int(at("2025-01-01")), int(at("2027-12-31"))).map(float)


@settings(deadline=None, max_examples=60)
@given(rule=_RULES, zone=_ZONES, moment=_MOMENTS, hours=st.integers(1, 30))
def test_what_is_active_follows_from_the_changes(
    rule: str, zone: str, moment: float, hours: int
) -> None:
    one = recurring(rule, duration=hours * HOUR, zone=zone)
    change = next_change(one, moment)
    assert change is not None
    assert change > moment
    is_in = active(one, moment) is not None
    assert (active(one, (moment + change) / 2) is not None) == is_in
    spans = list(islice(one.spans(moment), 5))
    assert spans == sorted(spans)
    assert all(span.end > moment and span.end - span.start >= hours * HOUR for span in spans)


@settings(deadline=None, max_examples=40)
@given(rule=_RULES, zone=_ZONES, moment=_MOMENTS, steps=st.lists(st.integers(1, 400), max_size=8))
def test_a_calendar_says_what_its_maintenance_says(
    rule: str, zone: str, moment: float, steps: list[int]
) -> None:
    one = recurring(rule, zone=zone, all=True)
    calendar = Calendar([one], {"m": _monitor("m")}, moment)
    for step in steps:
        later = moment + step * 600
        changes = [when for when, _ in calendar.changes(moment, later)]
        expected = []
        change = next_change(one, moment)
        while change is not None and change <= later:
            expected.append(change)
            change = next_change(one, change)
        assert changes == expected
        assert bool(calendar.under("m", later)) == (active(one, later) is not None)
        calendar.forget(later)
        moment = later


def test_a_zone_that_is_known_no_more_ends_one_maintenance_and_nothing_else() -> None:
    lost = recurring("FREQ=DAILY", zone="Europe/Atlantis", all=True)
    other = Maintenance(id="x", name="x", start=0, end=100, all=True)
    calendar = Calendar([lost, other], {"m": _monitor("m")}, 0)
    assert calendar.under("m", 50) == ("x",)
    assert [moment for moment, _ in calendar.changes(0, 200)] == [100]


def _monitor(monitor_id: str, **facts: Any) -> Monitor:
    check = facts.pop("check", None) or PushCheck(token=monitor_id)
    return Monitor(id=monitor_id, name=monitor_id, check=check, **facts)


@pytest.mark.parametrize(
    ("chosen", "covered"),
    [
        ({"monitors": ("a",)}, ("a",)),
        ({"monitors": ("inner",)}, ("inner",)),
        ({"groups": ("outer",)}, ("outer", "inner", "a", "b")),
        ({"groups": ("inner",)}, ("inner", "a")),
        ({"tags": ("blue", "red")}, ("b", "c")),
        ({"monitors": ("a",), "tags": ("red",)}, ("a", "c")),
        ({"all": True}, ("outer", "inner", "a", "b", "c")),
        ({}, ()),
    ],
)
def test_it_is_for_monitors_groups_tags_or_all(
    chosen: dict[str, Any], covered: tuple[str, ...]
) -> None:
    monitors = (
        _monitor("outer", check=GroupCheck()),
        _monitor("inner", check=GroupCheck(), parent="outer"),
        _monitor("a", parent="inner"),
        _monitor("b", parent="outer", tags=("blue",)),
        _monitor("c", tags=("red", "green")),
    )
    calendar = Calendar([once(0, 10, **chosen)], {one.id: one for one in monitors}, 0)
    assert calendar.covered["w"] == covered
    assert [bool(calendar.under(one.id, 5)) for one in monitors] == [
        one.id in covered for one in monitors
    ]
