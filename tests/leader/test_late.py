"""What was, judged afterwards from results that came too late to vote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leader.courts import monitor
from uptop_core.outcomes import Reason
from uptop_leader.changes import Bearing
from uptop_leader.late import Look, Past, pace_of, past_of
from uptop_leader.store.intervals import intersect, length, union

MINUTE = 60_000
DOWN = Reason.TIMEOUT


def looks(
    minutes: int, nodes: str = "abc", *, down: dict[str, range] | None = None, **facts: Any
) -> list[Look]:
    """Each node looks once a minute, spread over it; `down` are the minutes a node sees it down."""
    found = []
    for minute in range(minutes):
        for place, node in enumerate(nodes):
            at = minute * MINUTE + place * MINUTE // len(nodes)
            is_down = minute in (down or {}).get(node, range(0))
            found.append(Look(node, at, DOWN if is_down else None, **(facts if is_down else {})))
    return found


def past(found: list[Look], minutes: int, strategy: str = "majority-down", **settings: Any) -> Past:
    watched = monitor(**settings)
    return past_of(watched, strategy, pace_of(watched, 300, 300), found, minutes * MINUTE)


def spans(past: Past) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Up and down in minutes."""
    up = [(start / MINUTE, end / MINUTE) for start, end in past.up]
    down = [(start / MINUTE, end / MINUTE) for start, end in past.down]
    return up, down


def test_a_past_that_was_up_is_up_all_the_time() -> None:
    assert spans(past(looks(60), 60)) == ([(0, 60)], [])


@pytest.mark.parametrize("strategy", ["any-down", "majority-down", "all-down"])
def test_an_outage_seen_by_all_is_found_under_every_strategy(strategy: str) -> None:
    found = past(looks(60, down=dict.fromkeys("abc", range(20, 30))), 60, strategy)
    (outage,) = found.outages
    assert outage.since_ms == 20 * MINUTE
    assert outage.until_ms == pytest.approx(30 * MINUTE, abs=MINUTE)
    assert outage.reasons.endswith("× timeout")
    assert {vote.node for vote in outage.evidence} <= set("abc")
    assert length(found.up) + length(found.down) == 60 * MINUTE


def test_what_one_of_three_sees_alone_is_an_outage_for_any_down_alone() -> None:
    found = looks(60, down={"b": range(20, 30)})
    assert past(found, 60).outages == ()
    assert past(found, 60, "all-down").outages == ()
    (outage,) = past(found, 60, "any-down").outages
    assert outage.since_ms == 20 * MINUTE + MINUTE // 3


def test_one_failed_look_is_no_outage() -> None:
    for strategy in ("any-down", "majority-down"):
        assert past(looks(60, down={"b": range(20, 21)}), 60, strategy).outages == ()


def test_without_retries_the_first_verdict_counts() -> None:
    found = looks(60, down={"b": range(20, 21)})
    assert len(past(found, 60, "any-down", max_retries=0).outages) == 1


def test_a_node_alone_needs_two_looks_more() -> None:
    for minutes, outages in ((2, 0), (3, 1)):
        found = looks(60, "a", down={"a": range(20, 20 + minutes)})
        assert len(past(found, 60).outages) == outages


def test_failures_of_a_node_without_proof_of_line_say_nothing() -> None:
    isolated = looks(60, "a", down={"a": range(20, 40)}, bearing=Bearing.ISOLATED)
    found = past(isolated, 60, "any-down")
    assert found.outages == ()
    assert spans(found) == ([(0, 20), (40, 60)], [])


def test_failures_with_the_leader_alone_for_proof_count_only_where_nobody_sees_it_up() -> None:
    weak = Bearing.WEAK
    assert past(looks(60, down={"b": range(20, 40)}, bearing=weak), 60, "any-down").outages == ()
    everywhere = looks(60, down=dict.fromkeys("abc", range(20, 40)), bearing=weak)
    assert len(past(everywhere, 60, "any-down").outages) == 1


def test_what_is_of_no_sure_moment_says_nothing() -> None:
    unsure = looks(60, "a", down={"a": range(60)}, bearing=Bearing.UNPLACED)
    assert past(unsure, 60) == Past([], [], ())


def test_time_without_a_quorum_is_not_known() -> None:
    early = [look for look in looks(60) if look.node == "a" or look.at_ms < 10 * MINUTE]
    up, down = spans(past(early, 60))
    # the last look, of c, counts until 11:00; then one of three is too few, until b and c have left
    assert (up[0][0], down) == (0, [])
    assert up[0][1] == pytest.approx(9 + 2 / 3 + 80 / 60)
    assert list(up[1]) == pytest.approx([9 + 2 / 3 + 80 / 60 + 5, 60])


def test_a_short_pause_is_filled_and_a_long_one_is_not() -> None:
    short = [look for look in looks(60) if not 20 <= look.at_ms / MINUTE < 25]
    assert spans(past(short, 60)) == ([(0, 60)], [])
    long = [look for look in looks(60) if not 20 <= look.at_ms / MINUTE < 30]
    (_, end), (start, _) = spans(past(long, 60))[0]
    assert [end, start] == pytest.approx([19 + 2 / 3 + 80 / 60, 30], abs=1)


def test_an_outage_that_lasts_lasts_until_the_end_of_what_is_known() -> None:
    found = past(looks(60, down=dict.fromkeys("abc", range(50, 60))), 120)
    (outage,) = found.outages
    assert (outage.since_ms, outage.until_ms) == (50 * MINUTE, 120 * MINUTE)
    assert found.down[-1][1] < 62 * MINUTE


def test_under_any_down_silence_recovers_nothing() -> None:
    found = looks(60, down={"a": range(20, 24)})
    quiet = [look for look in found if look.node != "a" or look.at_ms < 24 * MINUTE]
    (outage,) = past(quiet, 60, "any-down").outages
    # a leaves 80 s and 5 min after its last word; what was seen up since then is what recovers
    assert outage.until_ms == 28 * MINUTE + 2 * MINUTE // 3


_LOOKS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 30 * MINUTE),
        st.sampled_from([None, None, DOWN]),
        st.sampled_from(Bearing),
    ).map(lambda facts: Look(*facts)),
    max_size=60,
).map(lambda found: sorted(found, key=lambda look: look.at_ms))


@given(_LOOKS, st.sampled_from(["any-down", "majority-down", "all-down"]))
def test_a_past_is_up_or_down_or_unknown_and_never_two_of_them(
    found: list[Look], strategy: str
) -> None:
    told = past(found, 40, strategy)
    assert intersect(told.up, told.down) == []
    assert union(told.up) == told.up
    for start, end in (*told.up, *told.down):
        assert 0 <= start < end <= 40 * MINUTE
    for before, after in zip(told.outages, told.outages[1:], strict=False):
        assert before.until_ms <= after.since_ms


@given(_LOOKS)
def test_isolated_failures_never_make_an_outage(found: list[Look]) -> None:
    alone = [Look(look.node, look.at_ms, DOWN, Bearing.ISOLATED) for look in found]
    assert past(alone, 40, "any-down").outages == ()
