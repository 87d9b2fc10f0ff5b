"""What a follower tells people of its leader: each turn once, and the reasons of it until it ends."""

from __future__ import annotations

import logging

import pytest

from tests.leader.test_election import follower, missed
from uptop_leader.election.following import Following
from uptop_leader.election.outlook import Outlook
from uptop_leader.election.reasons import Troubles
from uptop_leader.election.words import Sighting


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_leader_that_is_away_is_told_once_and_so_is_its_return(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outlook = Outlook()
    outlook.missed(5.0)
    outlook.missed(10.0)
    assert outlook.troubles("") == Troubles(away_since=5.0)
    outlook.answered()
    outlook.answered()
    assert outlook.troubles("") == Troubles()
    assert caplog.messages == ["the leader does not answer", "the leader answers again"]


def test_a_refusal_is_told_once_and_again_when_it_is_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outlook = Outlook()
    for why in ("a wrong secret", "a wrong secret", "it is a follower"):
        outlook.refused(why)
    assert outlook.troubles("").refused == "it is a follower"
    assert [one.rpartition(": ")[2] for one in caplog.messages] == [
        "a wrong secret",
        "it is a follower",
    ]


def test_what_barred_a_take_over_comes_before_what_would_bar_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outlook = Outlook()
    assert outlook.troubles("nothing is copied yet").barred == "nothing is copied yet"
    outlook.barred("no canary answers")
    outlook.barred("no canary answers")
    assert outlook.troubles("nothing is copied yet").barred == "no canary answers"
    outlook.barred("")
    assert outlook.troubles("") == Troubles()
    assert caplog.messages == ["not taking over: no canary answers"]


def test_a_probe_that_sees_the_leader_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    outlook = Outlook()
    state: Following = follower().told(3.0, Sighting(at=3.0, active=True, epoch=1, by="fra"))
    state = missed(state, 1.0, 2.0, 3.0, 4.0)
    outlook.looked(state, 4.0)
    outlook.looked(state, 4.0)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("seen by fra")
