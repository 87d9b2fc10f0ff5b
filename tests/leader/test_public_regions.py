"""Regions of a row of the status page."""

from __future__ import annotations

import pytest

from uptop_leader.public_views.looks import Look, Sight
from uptop_leader.public_views.regions import milliseconds, public_regions
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Regional

BUSY = Regional(
    latency=Latency(count=60, down=0, p50_ms=42.4, p95_ms=80.0, p99_ms=99.0),
    uptime=1.0,
    covered=1.0,
)


def words(sights: dict[str, Sight], **lately: Regional) -> dict[str, str]:
    look = Look(
        id="m", name="m", type="http", status="UP", judged="UP", belief="UP", since=0, parent=None,
        sights=sights,
    )  # fmt: skip
    return {one.name: one.word for one in public_regions(look, lately)}


def test_a_region_says_how_fast_it_usually_answers() -> None:
    assert words({"eu": Sight(1, 1, (30_000_000,))}, eu=BUSY) == {"eu": "42 ms"}


def test_until_that_is_known_the_newest_looks_say_it() -> None:
    assert words({"eu": Sight(2, 2, (30_000_000, 50_000_000))}) == {"eu": "40 ms"}
    assert words({"eu": Sight(1, 1)}) == {"eu": "up"}


def test_what_is_not_up_everywhere_in_a_region_says_so_instead() -> None:
    assert words({"eu": Sight(1, 0)}, eu=BUSY) == {"eu": "down"}
    assert words({"eu": Sight(2, 1, (20_000_000,))}, eu=BUSY) == {"eu": "down in part"}
    assert words({"eu": Sight()}, eu=BUSY) == {"eu": "not known"}


def test_a_region_that_has_long_been_gone_is_not_there() -> None:
    assert words({"eu": Sight(1, 1), "ap": Sight()}) == {"eu": "up"}


def test_places_without_a_region_have_a_word_beside_others_and_none_alone() -> None:
    assert words({"eu": Sight(1, 1), "": Sight(1, 1)}) == {
        "other places": "up",
        "eu": "up",
    }
    assert words({"": Sight(2, 2, (20_000_000, 20_000_000))}) == {}


@pytest.mark.parametrize(
    ("value", "shown"), [(0.44, "0.4 ms"), (41.6, "42 ms"), (999.4, "999 ms"), (1840.0, "1.8 s")]
)
def test_a_response_time_is_short(value: float, shown: str) -> None:
    assert milliseconds(value) == shown
