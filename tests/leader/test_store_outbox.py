"""The outbox: claims, their end, order, and one message for a DOWN that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, notification, opened, set_up, webhook
from uptop_leader.changes import Changes
from uptop_leader.channels import ChannelHealth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.notifications import Claimed, Notification
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        set_up(store, webhook("c"), webhook("d"))
        yield store


def put(store: Store, *notifications: Notification) -> None:
    store.write(Changes(notifications=list(notifications)), NOON)


def claim(
    store: Store, now: float = NOON, limit: int = 10, busy: tuple[str, ...] = ()
) -> list[Claimed]:
    return store.claim(now, 60, limit, busy)


def events(claimed: list[Claimed]) -> list[str]:
    return [one.notification.event for one in claimed]


def test_a_notification_comes_out_as_it_was_put(store: Store) -> None:
    put(store, notification(reasons="2 × timeout", lines=("a", "b")))
    (claimed,) = claim(store)
    assert claimed.notification == notification(reasons="2 × timeout", lines=("a", "b"))
    assert (claimed.attempts, claimed.until, claimed.possible_repeat) == (0, NOON + 60, False)


def test_what_is_claimed_is_claimed_once(store: Store) -> None:
    put(store, notification())
    assert len(claim(store)) == 1
    assert claim(store, NOON + 59) == []


def test_a_claim_that_ended_is_a_possible_repeat(store: Store) -> None:
    put(store, notification())
    claim(store)
    (again,) = claim(store, NOON + 60)
    assert again.possible_repeat
    assert again.notification.message.possible_repeat
    assert again.attempts == 1
    assert again.notification.key == notification().key


def test_it_stays_a_possible_repeat_after_another_failure(store: Store) -> None:
    put(store, notification())
    (claimed,) = claim(store)
    store.mark_failed(claimed.number, "cut off", NOON + 5, NOON, unknown=True)
    (claimed,) = claim(store, NOON + 5)
    assert claimed.possible_repeat
    store.mark_failed(claimed.number, "refused", NOON + 20, NOON + 5)
    (claimed,) = claim(store, NOON + 20)
    assert claimed.possible_repeat
    assert claimed.attempts == 2


def test_a_restart_need_not_wait_for_the_claims_of_the_killed_one(store: Store) -> None:
    put(store, notification(), notification(subject="waits"))
    claim(store, limit=1)
    store.lapse_claims(NOON + 1)
    assert [one.possible_repeat for one in claim(store, NOON + 1)] == [True, False]


def test_a_released_claim_is_no_repeat(store: Store) -> None:
    put(store, notification())
    (claimed,) = claim(store)
    store.release(claimed.number)
    (again,) = claim(store)
    assert (again.attempts, again.possible_repeat) == (0, False)


def test_what_was_sent_is_done(store: Store) -> None:
    put(store, notification())
    (claimed,) = claim(store)
    store.mark_sent(claimed.number, NOON + 1)
    assert claim(store, NOON + 1000) == []
    assert store.outbox_depth(NOON).waiting == 0


def test_something_waits_until_it_is_done_with_whether_it_is_due_or_not(store: Store) -> None:
    assert not store.has_waiting()
    put(store, notification())
    assert store.has_waiting()
    (claimed,) = claim(store)
    store.mark_failed(claimed.number, "busy", NOON + 600, NOON)
    assert store.has_waiting()
    store.mark_sent(claimed.number, NOON + 700)
    assert not store.has_waiting()


def test_what_failed_is_due_again_at_its_time(store: Store) -> None:
    put(store, notification())
    (claimed,) = claim(store)
    store.mark_failed(claimed.number, "500", NOON + 15, NOON + 1)
    assert claim(store, NOON + 14.9) == []
    (again,) = claim(store, NOON + 15)
    assert (again.attempts, again.possible_repeat) == (1, False)


def test_what_was_given_up_is_done(store: Store) -> None:
    put(store, notification())
    (claimed,) = claim(store)
    store.mark_failed(claimed.number, "no such channel", None, NOON)
    assert claim(store, NOON + 1000) == []


def test_one_subject_keeps_its_order_in_one_channel(store: Store) -> None:
    put(store, notification("unknown"), notification("up"), notification("late"))
    told = []
    for _ in range(3):
        (claimed,) = claim(store)
        told.append(claimed.notification.event)
        store.mark_sent(claimed.number, NOON)
    assert told == ["unknown", "up", "late"]


def test_a_later_one_waits_while_an_earlier_one_backs_off(store: Store) -> None:
    put(store, notification("unknown"), notification("up"))
    (first,) = claim(store)
    store.mark_failed(first.number, "500", NOON + 120, NOON)
    assert claim(store, NOON + 119) == []
    assert events(claim(store, NOON + 120)) == ["unknown"]


def test_an_earlier_one_given_up_lets_the_later_one_go(store: Store) -> None:
    put(store, notification("unknown"), notification("up"))
    (first,) = claim(store)
    store.mark_failed(first.number, "gone", None, NOON)
    assert events(claim(store)) == ["up"]


def test_other_subjects_and_channels_do_not_wait(store: Store) -> None:
    put(
        store,
        notification("unknown"),
        notification("up"),
        notification("unknown", subject="j"),
        notification("up", channel="d"),
    )
    told = [(one.notification.subject, one.notification.channel) for one in claim(store)]
    assert sorted(told) == [("i", "c"), ("i", "d"), ("j", "c")]


def test_a_busy_channel_is_left_out(store: Store) -> None:
    put(store, notification(), notification(channel="d"))
    assert [one.notification.channel for one in claim(store, busy=("c",))] == ["d"]


def test_a_long_queue_of_one_channel_does_not_take_all_claims(store: Store) -> None:
    put(store, *(notification(subject=f"{number}") for number in range(50)))
    put(store, notification(subject="last", channel="d"))
    assert [one.notification.channel for one in claim(store, limit=2)] == ["c", "d"]


def test_a_down_that_nobody_was_told_of_is_told_with_its_up(store: Store) -> None:
    put(
        store,
        notification("down", started_at=1, status="DOWN", reasons="1 × timeout"),
        notification("reminder"),
        notification("up", created=NOON + 9, status="UP", ended_at=5),
    )
    (claimed,) = claim(store)
    message = claimed.notification.message
    assert claimed.notification.event == message.event == "down_and_up"
    assert claimed.notification.key == message.key == notification("down").key
    assert (message.started_at, message.ended_at, message.status) == (1, 5, "UP")
    assert (message.reasons, message.at) == ("1 × timeout", round((NOON + 9) * 1000))
    assert claim(store) == []
    store.mark_sent(claimed.number, NOON)
    assert store.outbox_depth(NOON).waiting == 0


def test_both_stay_together_when_the_channel_does_not_take_them(store: Store) -> None:
    put(store, notification("down"), notification("up"))
    (claimed,) = claim(store)
    store.mark_failed(claimed.number, "500", NOON + 5, NOON)
    assert events(claim(store, NOON + 5)) == ["down_and_up"]


def test_a_down_that_was_tried_is_told_alone(store: Store) -> None:
    put(store, notification("down"))
    (claimed,) = claim(store)
    put(store, notification("up"))
    store.mark_failed(claimed.number, "500", NOON + 5, NOON)
    (claimed,) = claim(store, NOON + 5)
    assert claimed.notification.event == "down"
    store.mark_sent(claimed.number, NOON + 5)
    assert events(claim(store, NOON + 5)) == ["up"]


def test_an_up_of_another_channel_is_not_taken_along(store: Store) -> None:
    put(store, notification("down"), notification("up", channel="d"))
    assert sorted(events(claim(store))) == ["down", "up"]


def test_the_health_of_a_channel_is_kept(store: Store) -> None:
    put(store, notification(), notification(subject="j"))
    first, second = claim(store)
    store.mark_failed(first.number, "the service answered 500", NOON + 5, NOON + 1)
    store.mark_sent(second.number, NOON + 2)
    store.mark_sent(second.number, NOON + 3)
    health = {one.channel: one for one in store.channel_health()}
    assert health["c"] == ChannelHealth(
        channel="c",
        last_sent=NOON + 2,
        last_error="the service answered 500",
        last_failed=NOON + 1,
        sent=1,
        failed=1,
    )
    assert health["d"] == ChannelHealth(channel="d")


def test_health_outlives_a_change_of_the_channel(store: Store) -> None:
    put(store, notification())
    store.mark_sent(claim(store)[0].number, NOON)
    set_up(store, webhook("c", "renamed"))
    assert store.channel_health()[0].sent == 1


def test_depth_tells_how_long_the_oldest_waits(store: Store) -> None:
    put(store, notification(created=NOON - 30), notification(subject="j"))
    depth = store.outbox_depth(NOON)
    assert (depth.waiting, depth.oldest_s) == (2, 30.0)
