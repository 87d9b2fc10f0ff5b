"""Part of step 12: many messages to one channel become a list."""

from __future__ import annotations

from tests.leader.store_samples import NOON, notification
from uptop_leader.digests import combined, digest_key, goes_in_list, is_quiet_time
from uptop_leader.messages import render


def test_a_channel_is_not_disturbed_for_a_while_after_a_message() -> None:
    assert is_quiet_time(NOON, 10, NOON)
    assert is_quiet_time(NOON, 10, NOON + 9.9)
    assert not is_quiet_time(NOON, 10, NOON + 10)
    assert not is_quiet_time(None, 10, NOON)


def test_a_message_of_the_future_after_a_clock_was_set_back_keeps_nobody_waiting() -> None:
    assert not is_quiet_time(NOON + 3600, 10, NOON)


def test_what_came_while_it_was_quiet_goes_in_a_list_and_what_comes_later_does_not() -> None:
    assert goes_in_list(NOON + 9, NOON, None, 10)
    assert not goes_in_list(NOON + 10, NOON, None, 10)
    assert not goes_in_list(NOON, None, None, 10)


def test_a_channel_that_fails_gets_lists() -> None:
    assert goes_in_list(NOON + 1000, NOON, NOON + 500, 10)


def test_a_list_names_each_and_counts_them() -> None:
    whole = combined(
        [
            notification("down", "i", reasons="2 × timeout", started_at=0),
            notification("down", "j", detail="refused"),
            notification("up", "k", started_at=0, ended_at=90_000),
        ]
    )
    words = render(whole.message)
    assert words.title == "3 notifications: 2 × DOWN, 1 × UP"
    assert words.body.splitlines() == [
        "DOWN: API — 2 × timeout",
        "DOWN: API — refused",
        "UP: API — was down for 1 min 30 s",
    ]
    assert [one.event for one in whole.message.messages] == ["down", "down", "up"]


def test_one_alone_stays_itself() -> None:
    alone = notification("down")
    assert combined([alone]) is alone


def test_the_key_of_a_list_is_made_of_its_keys() -> None:
    first, second = notification("down", "i"), notification("down", "j")
    assert combined([first, second]) == combined([first, second])
    assert combined([first, second]).key == digest_key([first.key, second.key])
    assert combined([second, first]).key != combined([first, second]).key
