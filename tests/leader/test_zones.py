"""Wall-clock times and the instants they mean, also where a clock is put forward or back."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.zones import instant, wall_clock, zone, zone_problem

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-01-10T03:00", "2026-01-10T02:00"),
        ("2026-07-10T03:00", "2026-07-10T01:00"),
        # 2026-03-29, 02:00 is 03:00: what is skipped counts with the offset from before.
        ("2026-03-29T01:59", "2026-03-29T00:59"),
        ("2026-03-29T02:30", "2026-03-29T01:30"),
        ("2026-03-29T03:00", "2026-03-29T01:00"),
        # 2026-10-25, 03:00 is 02:00: of two the first.
        ("2026-10-25T02:30", "2026-10-25T00:30"),
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_a_wall_clock_time_is_one_instant(local: str, utc: str) -> None:
    meant = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    assert instant(datetime.fromisoformat(local), BERLIN) == meant


def test_half_past_two_that_is_skipped_is_half_past_three() -> None:
    skipped = datetime.fromisoformat("2026-03-29T02:30")
    assert wall_clock(instant(skipped, BERLIN), BERLIN).isoformat() == "2026-03-29T03:30:00"


@given(
    at=st.integers(0, 4_000_000_000), name=st.sampled_from(["UTC", "Asia/Kolkata", "Pacific/Apia"])
)
def test_what_clocks_show_is_the_same_again(at: int, name: str) -> None:
    shown = wall_clock(at, zone(name))
    assert wall_clock(instant(shown, zone(name)), zone(name)) == shown


@pytest.mark.parametrize("name", ["", "Europe/Berln", "../etc/passwd", "Europe", "/etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    assert zone_problem(name)
    with pytest.raises(ValueError, match="there is no time zone"):
        zone(name)


def test_the_nearest_zone_is_named() -> None:
    assert "did you mean 'Europe/Berlin'?" in str(zone_problem("europe/berlin"))


def test_the_names_of_zones_are_gathered_once_however_often_one_is_asked_for(
    tmp_path: Path,
) -> None:
    assert zone_problem("Europe/Berlin") is None
    before = zoneinfo.TZPATH
    (tmp_path / "Made-up").write_bytes(b"TZif")
    zoneinfo.reset_tzpath((str(tmp_path),))
    try:
        assert "Made-up" in zoneinfo.available_timezones()
        assert zone_problem("Made-up") is not None
        assert zone_problem("Europe/Berlin") is None
    finally:
        zoneinfo.reset_tzpath(before)


def test_for_a_name_longer_than_any_no_near_one_is_looked_for() -> None:
    assert zone_problem("Europe/Berlin" * 9) == (
        "a time zone has at most 64 characters; write one such as Europe/Berlin"
    )
    assert max(map(len, zoneinfo.available_timezones())) <= 64
