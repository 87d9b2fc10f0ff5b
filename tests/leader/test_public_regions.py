"""Regions of a row of the status page."""

from __future__ import annotations

import pytest

from uptop_core.views import MonitorView, VoteView
from uptop_leader.public_regions import milliseconds, public_regions
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Regional

BUSY = Regional(
    latency=Latency(count=60, down=0, p50_ms=42.4, p95_ms=80.0, p99_ms=99.0),
    uptime=1.0,
    covered=1.0,
)


def vote(region: str, *, up: bool = True, fresh: bool = True, ms: float | None = None) -> VoteView:
    return VoteView(
        node=f"{region}-{up}", name="n", region=region, up=up, fresh=fresh, observed=0,
        latency_ms=ms,
    )  # fmt: skip


def words(*votes: VoteView, **lately: Regional) -> dict[str, str]:
    view = MonitorView(id="m", name="m", type="http", status="UP", since=0, votes=votes)
    return {one.name: one.word for one in public_regions(view, lately)}


def test_a_region_says_how_fast_it_usually_answers() -> None:
    assert words(vote("eu", ms=30.0), eu=BUSY) == {"eu": "42 ms"}


def test_until_that_is_known_the_newest_looks_say_it() -> None:
    assert words(vote("eu", ms=30.0), vote("eu", ms=50.0)) == {"eu": "40 ms"}
    assert words(vote("eu")) == {"eu": "up"}


def test_what_is_not_up_everywhere_in_a_region_says_so_instead() -> None:
    assert words(vote("eu", up=False), eu=BUSY) == {"eu": "down"}
    assert words(vote("eu"), vote("eu", up=False)) == {"eu": "down in part"}
    assert words(vote("eu", fresh=False), eu=BUSY) == {"eu": "not known"}


def test_a_region_that_has_long_been_gone_is_not_there() -> None:
    assert words(vote("eu"), vote("ap", fresh=False)) == {"eu": "up"}


def test_places_without_a_region_have_a_word_beside_others_and_none_alone() -> None:
    assert words(vote("eu"), vote("")) == {"other places": "up", "eu": "up"}
    assert words(vote(""), vote("")) == {}


@pytest.mark.parametrize(
    ("value", "shown"), [(0.44, "0.4 ms"), (41.6, "42 ms"), (999.4, "999 ms"), (1840.0, "1.8 s")]
)
def test_a_response_time_is_short(value: float, shown: str) -> None:
    assert milliseconds(value) == shown
