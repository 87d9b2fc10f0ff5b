"""How far clocks are ahead is told by the exchange with the smallest round trip."""

from __future__ import annotations

import pytest

from uptop_probe.offset import Offset

LEADER = "http://leader"


def learned(*exchanges: tuple[float, float, float]) -> Offset:
    offset = Offset()
    for sent, received, theirs in exchanges:
        offset.learn(LEADER, sent, received, theirs)
    return offset


def test_nothing_is_known_before_the_first_exchange() -> None:
    assert Offset().of(LEADER, 1.0, 1.0) is None


def test_the_leaders_clock_is_taken_to_be_read_in_the_middle() -> None:
    ahead = learned((100.0, 102.0, 11.0)).of(LEADER, 105.0, 105.0)
    assert ahead is not None
    assert (ahead.ahead_s, ahead.round_trip_s) == (90.0, 2.0)


def test_the_quickest_exchange_is_trusted() -> None:
    ahead = learned((0, 9, 0), (10, 10.2, 10.1), (20, 23, 20)).of(LEADER, 30, 30)
    assert ahead is not None
    assert ahead.round_trip_s == pytest.approx(0.2)
    assert ahead.ahead_s == pytest.approx(0.0)


def test_the_ninth_exchange_makes_the_first_forgotten() -> None:
    quick, slow = (0.0, 0.1, 0.05), (10.0, 12.0, 10.0)
    ahead = learned(quick, *[slow] * 8).of(LEADER, 30, 30)
    assert ahead is not None
    assert ahead.ahead_s == 1.0


def test_a_wall_clock_that_steps_is_known_at_once() -> None:
    offset = learned((100.0, 100.2, 100.1))
    before, after = offset.of(LEADER, 101.0, 101.0), offset.of(LEADER, 102.0, 192.0)
    assert before is not None
    assert after is not None
    assert before.ahead_s == pytest.approx(0.0)
    assert after.ahead_s == pytest.approx(90.0)


def test_another_leader_has_a_clock_of_its_own() -> None:
    offset = learned((100.0, 100.2, 100.1))
    assert offset.of("http://other", 101, 101) is None
    offset.learn("http://other", 110, 110, 50)
    assert offset.of(LEADER, 111, 111) is None
