"""The outbox: what comes soon after a message goes as one list, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, notification, opened, set_up, webhook
from uptop_leader.changes import Changes
from uptop_leader.channels import Channel
from uptop_leader.digests import LONGEST
from uptop_leader.notifications import Pace
from uptop_leader.providers.pagerduty import PagerDuty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.notifications import Claimed, Notification
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

PACE = Pace(digest_s=10.0)


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        pager = Channel(id="p", name="p", provider=PagerDuty(routing_key="key"))
        set_up(store, webhook("c"), webhook("d"), pager)
        yield store


def put(store: Store, *notifications: Notification) -> None:
    store.write(Changes(notifications=list(notifications)), NOON)


def several(number: int, created: float = NOON, channel: str = "c") -> list[Notification]:
    return [
        notification(subject=f"{one}", channel=channel, created=created) for one in range(number)
    ]


def claim(store: Store, now: float) -> list[Claimed]:
    return store.claim(now, 60, 1, (), PACE)


def first_is_out(store: Store) -> None:
    """One message has gone out at noon."""
    put(store, notification(subject="first"))
    (claimed,) = claim(store, NOON)
    store.mark_sent(claimed.number, NOON)


def test_the_first_goes_at_once_and_alone(store: Store) -> None:
    put(store, *several(5))
    (claimed,) = claim(store, NOON)
    assert (claimed.notification.event, claimed.count) == ("down", 1)


def test_what_comes_soon_after_waits_and_goes_as_one_list(store: Store) -> None:
    first_is_out(store)
    put(store, *several(5, NOON + 1))
    assert claim(store, NOON + 9.9) == []
    (claimed,) = claim(store, NOON + 10)
    assert (claimed.notification.event, claimed.count) == ("digest", 5)
    assert len(claimed.notification.message.lines) == 5
    assert claim(store, NOON + 10) == []
    store.mark_sent(claimed.number, NOON + 10)
    assert store.outbox_depth(NOON).waiting == 0
    assert store.channel_health()[0].sent == 2


def test_after_a_list_it_is_quiet_again(store: Store) -> None:
    first_is_out(store)
    put(store, *several(2, NOON + 1))
    (claimed,) = claim(store, NOON + 10)
    store.mark_sent(claimed.number, NOON + 10)
    put(store, notification(subject="later", created=NOON + 11))
    assert claim(store, NOON + 19) == []
    assert [one.count for one in claim(store, NOON + 20)] == [1]


def test_paging_services_get_each_at_once(store: Store) -> None:
    put(store, *several(3, channel="p"))
    claimed = store.claim(NOON, 60, 10, (), PACE)
    assert [one.notification.event for one in claimed] == ["down"] * 3


def test_a_quiet_channel_delays_no_other(store: Store) -> None:
    first_is_out(store)
    put(store, notification(created=NOON + 1), notification(channel="d", created=NOON + 1))
    (claimed,) = claim(store, NOON + 1)
    assert claimed.notification.channel == "d"


def test_in_a_list_one_subject_keeps_its_order_and_an_untold_outage_is_one_line(
    store: Store,
) -> None:
    first_is_out(store)
    put(
        store,
        *(notification("unknown"), notification("late"), notification("down", "j")),
        *(notification("up", "j"), notification("up", "k")),
    )
    (claimed,) = claim(store, NOON + 10)
    told = [one.event for one in claimed.notification.message.messages]
    assert told == ["unknown", "late", "down_and_up", "up"]
    store.mark_sent(claimed.number, NOON + 10)
    assert store.outbox_depth(NOON).waiting == 0


def test_a_list_whose_leader_was_killed_is_sent_again_as_it_was(store: Store) -> None:
    first_is_out(store)
    put(store, notification("down", "a"), notification("up", "a"), *several(2))
    (claimed,) = claim(store, NOON + 10)
    put(store, notification(subject="new", created=NOON + 11))
    store.lapse_claims(NOON + 12)
    (again,) = claim(store, NOON + 12)
    assert again.possible_repeat
    assert again.notification.message.possible_repeat
    assert (again.number, again.count) == (claimed.number, claimed.count)
    assert again.notification.key == claimed.notification.key
    store.mark_sent(again.number, NOON + 12)
    assert store.outbox_depth(NOON).waiting == 1


def test_a_list_that_may_have_arrived_stays_as_it_is(store: Store) -> None:
    first_is_out(store)
    put(store, *several(3))
    (claimed,) = claim(store, NOON + 10)
    store.mark_failed(claimed.number, "cut off", NOON + 15, NOON + 10, unknown=True)
    put(store, notification(subject="new", created=NOON + 11))
    (again,) = claim(store, NOON + 15)
    assert (again.notification.key, again.attempts) == (claimed.notification.key, 1)


def test_a_list_that_was_refused_takes_new_ones_along_next_time(store: Store) -> None:
    first_is_out(store)
    put(store, *several(3))
    (claimed,) = claim(store, NOON + 10)
    store.mark_failed(claimed.number, "500", NOON + 15, NOON + 10)
    put(store, notification(subject="new", created=NOON + 11))
    (again,) = claim(store, NOON + 15)
    assert (again.count, again.attempts, again.possible_repeat) == (4, 0, False)


def test_what_may_have_arrived_alone_goes_alone_again(store: Store) -> None:
    put(store, *several(3))
    (claimed,) = claim(store, NOON)
    store.mark_failed(claimed.number, "cut off", NOON + 5, NOON, unknown=True)
    (others,) = claim(store, NOON)
    assert others.count == 2
    store.mark_failed(others.number, "500", NOON + 5, NOON)
    (alone,) = claim(store, NOON + 5)
    assert (alone.notification.key, alone.possible_repeat) == (claimed.notification.key, True)


def test_a_failing_channel_is_tried_with_a_list_not_with_each(store: Store) -> None:
    put(store, *several(50))
    (first,) = claim(store, NOON)
    store.mark_failed(first.number, "500", NOON + 5, NOON)
    (rest,) = claim(store, NOON)
    assert rest.count == 49
    store.mark_failed(rest.number, "500", NOON + 5, NOON)
    assert claim(store, NOON + 4) == []
    assert [one.count for one in claim(store, NOON + 5)] == [50]


def test_only_what_is_too_old_of_a_list_is_given_up(store: Store) -> None:
    first_is_out(store)
    put(store, notification(created=NOON - 86_400), notification(subject="j", created=NOON + 1))
    (claimed,) = claim(store, NOON + 10)
    assert claimed.newest == NOON + 1
    store.mark_failed(claimed.number, "500", NOON + 15, NOON + 10, oldest=NOON + 15 - 86_400)
    (again,) = claim(store, NOON + 15)
    assert (again.count, again.notification.subject) == (1, "j")


def test_a_very_long_list_is_cut_into_several(store: Store) -> None:
    first_is_out(store)
    put(store, *several(LONGEST + 3))
    (claimed,) = claim(store, NOON + 10)
    assert claimed.count == LONGEST
    store.mark_sent(claimed.number, NOON + 10)
    assert [one.count for one in claim(store, NOON + 20)] == [3]


def test_a_released_list_is_no_repeat(store: Store) -> None:
    first_is_out(store)
    put(store, *several(3))
    (claimed,) = claim(store, NOON + 10)
    store.release(claimed.number)
    (again,) = claim(store, NOON + 10)
    assert (again.count, again.possible_repeat) == (3, False)
