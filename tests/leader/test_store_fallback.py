"""The outbox: what a channel does not take is told through its fallback channel too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.store_samples import NOON, notification, opened, set_up, webhook
from uptop_leader.changes import Changes
from uptop_leader.channels import Channel
from uptop_leader.providers.pagerduty import PagerDuty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.channels import ChannelHealth
    from uptop_leader.notifications import Claimed, Notification
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

LATER = NOON + 300


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        chain = replace(webhook("c", "Ops"), fallback="d"), replace(webhook("d"), fallback="e")
        set_up(store, webhook("e"), *chain)
        yield store


def put(store: Store, *notifications: Notification) -> None:
    store.write(Changes(notifications=list(notifications)), NOON)


def claim(store: Store, now: float = NOON) -> dict[str, Claimed]:
    """The next claim of each channel."""
    claimed = store.claim(now, 60, 10)
    return {one.notification.channel: one for one in reversed(claimed)}


def fail(store: Store, channel: str = "c", now: float = NOON, again: float | None = None) -> None:
    retry_at = None if again is None else now + again
    store.mark_failed(claim(store, now)[channel].number, "500", retry_at, now)


def send(store: Store, channel: str, now: float) -> Notification:
    claimed = claim(store, now)[channel]
    store.mark_sent(claimed.number, now)
    return claimed.notification


def health(store: Store, channel: str = "c") -> ChannelHealth:
    return next(one for one in store.channel_health() if one.channel == channel)


def test_what_is_refused_for_good_is_passed_on_at_once_and_once(store: Store) -> None:
    put(store, notification("down"))
    fail(store)
    passed = claim(store)
    assert list(passed) == ["d"]
    assert passed["d"].notification.message.instead_of == "Ops"
    assert health(store).passed_on == 1
    store.mark_sent(passed["d"].number, NOON)
    assert claim(store, NOON + 4000) == {}


def test_what_has_failed_for_five_minutes_is_passed_on_and_tried_on(store: Store) -> None:
    put(store, notification("down"))
    fail(store, again=400)
    assert claim(store, LATER - 1) == {}
    assert health(store).failing_since == NOON
    assert send(store, "d", LATER).event == "down"
    assert claim(store, LATER + 50) == {}
    assert send(store, "c", NOON + 400).event == "down"
    assert health(store).failing_since is None
    assert claim(store, NOON + 4000) == {}


def test_who_heard_of_an_outage_there_hears_of_its_end(store: Store) -> None:
    put(store, notification("down"))
    fail(store, again=400)
    send(store, "d", LATER)
    put(store, notification("up", created=LATER + 10))
    assert send(store, "d", LATER + 10).event == "up"
    assert send(store, "c", NOON + 400).event == "down"
    assert send(store, "c", NOON + 401).event == "up"
    assert claim(store, NOON + 4000) == {}


def test_its_end_is_passed_on_even_when_the_channel_works_again(store: Store) -> None:
    put(store, notification("down"))
    fail(store)
    send(store, "d", NOON)
    put(store, notification("up", created=LATER))
    both = claim(store, LATER)
    assert sorted(both) == ["c", "d"]


def test_an_outage_over_before_it_was_passed_on_is_one_message_there(store: Store) -> None:
    put(store, notification("down"))
    fail(store, again=400)
    put(store, notification("up", created=NOON + 100))
    assert send(store, "d", LATER).event == "down_and_up"
    assert health(store).passed_on == 2


def test_new_messages_do_not_wait_five_minutes_more_for_a_dead_channel(store: Store) -> None:
    put(store, notification("down"))
    fail(store, again=4000)
    send(store, "d", LATER)
    put(store, notification("down", "j", created=LATER + 100))
    fail(store, now=LATER + 100, again=4000)
    assert send(store, "d", LATER + 100).subject == "j"


def test_a_channel_without_a_fallback_keeps_its_own(store: Store) -> None:
    put(store, notification("down", channel="e"))
    fail(store, "e")
    assert claim(store, NOON + 4000) == {}
    assert health(store, "e").passed_on == 0


def test_a_chain_is_followed_to_its_end(store: Store) -> None:
    put(store, notification("down"))
    fail(store)
    fail(store, "d")
    last = send(store, "e", NOON)
    assert last.message.instead_of == "d"
    assert claim(store, NOON + 4000) == {}


def test_a_circle_that_was_made_somehow_ends_where_it_began(store: Store) -> None:
    set_up(store, replace(webhook("e"), fallback="c"))
    put(store, notification("down"))
    for channel in "cde":
        fail(store, channel)
    assert claim(store, NOON + 4000) == {}


def test_a_fallback_that_is_told_anyway_is_not_told_twice(store: Store) -> None:
    put(store, notification("down"), notification("down", channel="d"))
    claimed = claim(store)
    store.mark_failed(claimed["c"].number, "gone", None, NOON)
    store.mark_sent(claimed["d"].number, NOON)
    assert claim(store, NOON + 4000) == {}
    assert health(store).passed_on == 0


def test_what_only_closes_alerts_goes_only_where_there_are_any(store: Store) -> None:
    pagers = [
        Channel(id=one, name=one, provider=PagerDuty(routing_key="key"), fallback=fallback)
        for one, fallback in (("p", "d"), ("q", "r"), ("r", None))
    ]
    set_up(store, *pagers)
    put(store, notification("over", channel="p"), notification("over", channel="q"))
    for claimed in claim(store).values():
        store.mark_failed(claimed.number, "gone", None, NOON)
    assert list(claim(store)) == ["r"]


def test_a_new_fallback_does_not_dig_up_the_past(store: Store) -> None:
    put(store, notification("down", channel="e"))
    fail(store, "e")
    set_up(store, replace(webhook("e"), fallback="c"))
    assert claim(store, NOON + 4000) == {}
