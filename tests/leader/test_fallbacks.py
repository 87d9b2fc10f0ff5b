"""Part of step 12: what is passed on to a fallback channel, and when."""

from __future__ import annotations

from tests.leader.store_samples import NOON, notification
from uptop_leader.fallbacks import is_due, passed_on
from uptop_leader.messages import render

AFTER = 300.0


def test_what_failed_for_five_minutes_is_passed_on() -> None:
    assert not is_due(NOON, 5, None, AFTER, NOON + 299)
    assert is_due(NOON, 5, None, AFTER, NOON + 300)


def test_what_was_not_tried_yet_is_not_passed_on_because_it_is_old() -> None:
    assert not is_due(NOON, 0, None, AFTER, NOON + 3600)


def test_new_messages_to_a_channel_that_has_been_failing_are_passed_on_soon() -> None:
    failing = NOON - 300
    assert not is_due(NOON, 0, failing, AFTER, NOON)
    assert is_due(NOON, 1, failing, AFTER, NOON)
    assert is_due(NOON, 0, failing, AFTER, NOON + 10)
    assert not is_due(NOON, 1, NOON - 299, AFTER, NOON)


def test_it_is_the_same_message_under_a_key_of_its_own_that_says_why_it_comes_here() -> None:
    whole = notification("down")
    other = passed_on(whole, "d", "Ops")
    assert (other.channel, other.subject, other.event) == ("d", whole.subject, "down")
    assert other.key == other.message.key != whole.key
    assert other == passed_on(whole, "d", "Ops")
    assert "because the channel Ops does not get through" in render(other.message).body
