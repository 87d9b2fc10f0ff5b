"""Since when a node has a monitor, and until when it had it."""

from __future__ import annotations

import math

from tests.leader.courts import monitor
from uptop_leader.ingest import Given
from uptop_leader.terms import Terms

M = monitor()


def test_at_the_start_a_monitor_was_given_who_knows_when() -> None:
    terms = Terms()
    terms.follow("m", (), ("p",), (), 100)
    assert terms.given(M, "m", "p") == Given(M, since=-math.inf)
    assert terms.given(None, "m", "q") is None


def test_at_the_start_who_voted_and_has_it_no_more_had_it_until_now() -> None:
    terms = Terms()
    terms.follow("m", (), ("p",), ("p", "q"), 100)
    assert terms.given(None, "m", "q") == Given(None, until=100)
    assert terms.unwritten == {("m", "q"): 100}


def test_what_is_taken_away_and_given_back_is_given_anew() -> None:
    terms = Terms()
    terms.follow("m", (), ("p", "q"), (), 100)
    terms.follow("m", ("p", "q"), ("q",), (), 200)
    assert terms.given(None, "m", "p") == Given(None, until=200)
    terms.follow("m", ("q",), ("p", "q"), (), 300)
    assert terms.given(M, "m", "p") == Given(M, since=300)
    assert terms.given(M, "m", "q") == Given(M)


def test_a_monitor_that_is_looked_at_in_another_way_is_given_anew() -> None:
    terms = Terms()
    terms.follow("m", (), ("p",), (), 100)
    terms.change({"m"})
    terms.follow("m", ("p",), ("p",), (), 200)
    terms.follow("m", ("p",), ("p",), (), 300)
    assert terms.given(M, "m", "p") == Given(M, since=200)


def test_a_deleted_monitor_was_had_until_then_and_is_forgotten_in_the_end() -> None:
    terms = Terms()
    terms.follow("m", (), ("p",), (), 100)
    terms.drop("m", ("p",), 200)
    assert terms.given(None, "m", "p") == Given(None, until=200)
    terms.forget(201)
    assert terms.given(None, "m", "p") is None
