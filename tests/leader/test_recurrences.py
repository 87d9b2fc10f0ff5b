"""RRULE: what is allowed, when it comes true, and that nothing takes for ever."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptop_leader.recurrences import ANCHOR, problem, starts
from uptop_leader.zones import zone

UTC = zone("UTC")
BERLIN = zone("Europe/Berlin")


def first(rule: str, start: str = "2026-01-05T03:00", number: int = 3) -> list[str]:
    began = datetime.fromisoformat(start)
    assert problem(rule, began, UTC) is None
    found = islice(starts(rule, began, UTC), number)
    return [at.isoformat(timespec="minutes") for at in found]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=DAILY", ["2026-01-05T03:00", "2026-01-06T03:00", "2026-01-07T03:00"]),
        ("FREQ=DAILY;COUNT=1", ["2026-01-05T03:00"]),
        ("FREQ=WEEKLY;BYDAY=SU", ["2026-01-11T03:00", "2026-01-18T03:00", "2026-01-25T03:00"]),
        ("RRULE:freq=weekly;interval=2", ["2026-01-05T03:00", "2026-01-19T03:00", "2026-02-02T03:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-01-30T03:00", "2026-02-27T03:00", "2026-03-27T03:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31T03:00", "2026-03-31T03:00", "2026-05-31T03:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29T03:00", "2032-02-29T03:00", "2036-02-29T03:00"]),
        ("FREQ=DAILY;BYHOUR=6,18;BYMINUTE=30", ["2026-01-05T06:30", "2026-01-05T18:30", "2026-01-06T06:30"]),
        ("FREQ=DAILY;UNTIL=20260106", ["2026-01-05T03:00", "2026-01-06T03:00"]),
        ("FREQ=DAILY;UNTIL=20260106T025959", ["2026-01-05T03:00"]),
    ],
)  # fmt: skip
def test_a_rule_comes_true(rule: str, found: list[str]) -> None:
    assert first(rule) == found


def test_until_in_utc_is_that_in_the_zone() -> None:
    began = datetime(2026, 7, 1, 3)
    rule = "FREQ=DAILY;UNTIL=20260702T010000Z"  # 03:00 in Berlin
    assert len(list(starts(rule, began, BERLIN))) == 2


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "is not NAME=VALUE"),
        ("WEEKLY", "is not NAME=VALUE"),
        ("BYDAY=SU", "needs a FREQ"),
        ("FREQ=SECONDLY", "several times a day are BYHOUR"),
        ("FREQ=HOURLY", "several times a day are BYHOUR"),
        ("FREQ=DAILY;FREQ=DAILY", "stands twice"),
        ("FREQ=DAILY;BYEASTER=0", "there is no 'BYEASTER'"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1,2", "must be one number"),
        ("FREQ=DAILY;BYHOUR=24", "from 0 to 23"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from -31 to 31"),
        ("FREQ=MONTHLY;BYDAY=99MO", "must be days such as"),
        ("FREQ=WEEKLY;BYDAY=1MO", "needs FREQ=MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with"),
        ("FREQ=DAILY;BYWEEKNO=1", "needs FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "needs another BY"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "either COUNT or UNTIL"),
        ("FREQ=DAILY;UNTIL=20270132", "is no date"),
        ("FREQ=DAILY;UNTIL=99990101", "from 1970 to 2199"),
        ("FREQ=DAILY;UNTIL=20250101", "never comes true"),
        ("FREQ=DAILY;WKST=XX", "must be one of MO"),
        ("FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=" + ",".join(map(str, range(20))), "60 times a day"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "never comes true"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(rule: str, words: str) -> None:
    assert words in str(problem(rule, datetime(2026, 1, 5, 3), UTC))


def test_a_count_needs_a_start() -> None:
    assert "needs a start" in str(problem("FREQ=DAILY;COUNT=3", None, UTC))
    assert problem("FREQ=DAILY", None, UTC) is None


@pytest.mark.parametrize("often", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
@pytest.mark.parametrize("interval", [1, 2, 7])
def test_beginning_late_finds_the_same(often: str, interval: int) -> None:
    rule, start = f"FREQ={often};INTERVAL={interval};BYHOUR=2,20", datetime(2019, 5, 29, 7)
    since = datetime(2026, 3, 1)
    late = (at for at in starts(rule, start, UTC, since) if at >= since)
    every = (at for at in starts(rule, start, UTC) if at >= since)
    assert list(islice(late, 10)) == list(islice(every, 10))


_PARTS = st.dictionaries(
    st.sampled_from(["INTERVAL", "COUNT", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYSETPOS"]),
    st.integers(-60, 60).map(str),
    max_size=3,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    often=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    parts=_PARTS,
    days=st.sampled_from(["", "MO", "1MO", "-5SU", "53TH"]),
)
def test_no_rule_raises_or_takes_for_ever(often: str, parts: dict[str, str], days: str) -> None:
    more = {"BYDAY": days, **parts} if days else parts
    rule = ";".join([f"FREQ={often}", *(f"{name}={value}" for name, value in more.items())])
    began = time.process_time()
    if problem(rule, ANCHOR, UTC) is None:
        found = list(islice(starts(rule, ANCHOR, UTC), 20))
        assert found == sorted(found)
        assert all(at - ANCHOR >= timedelta(0) for at in found)
    assert time.process_time() - began < 10
