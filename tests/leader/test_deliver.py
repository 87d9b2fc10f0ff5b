"""Step 12: the outbox is emptied, through real channels."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.helms import SetClock, hook
from tests.leader.receivers import Receiver, client, http_receiver
from tests.leader.store_samples import NOON, notification, opened, set_up
from uptop_leader.changes import Changes
from uptop_leader.deliver import BACKOFF_S, GIVE_UP_S, LATER_S, Deliverer, retry_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from uptop_leader.channels import Channel
    from uptop_leader.store.store import Store

pytestmark = pytest.mark.anyio

DEADLINE_S = 10.0


class Office:
    """A deliverer at work between a real outbox and real receivers."""

    def __init__(self, deliverer: Deliverer, store: Store, clock: SetClock) -> None:
        self.deliverer = deliverer
        self.store = store
        self.clock = clock

    def put(self, *events: str, subject: str = "i", channel: str = "c") -> None:
        """New notifications, written as a pass writes them."""
        made = [notification(event, subject, channel, self.clock.at) for event in events]
        self.store.write(Changes(notifications=made), self.clock.at)
        self.deliverer.wake()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until it holds, with a deadline."""
        with anyio.fail_after(DEADLINE_S):
            while not holds():
                self.deliverer.wake()
                await anyio.sleep(0.005)

    def waiting(self) -> int:
        return self.store.outbox_depth(self.clock.at).waiting

    def failures(self, channel: str = "c") -> int:
        """How often a channel failed, as its health shows it."""
        return next(one.failed for one in self.store.channel_health() if one.channel == channel)


@contextlib.asynccontextmanager
async def office(
    path: Path, *channels: Channel, may_act: Callable[[], bool] = lambda: True
) -> AsyncIterator[Office]:
    clock = SetClock()
    known = {channel.id: channel for channel in channels}
    with opened(path) as store:
        set_up(store, *channels)
        async with client() as http, anyio.create_task_group() as tasks:
            deliverer = Deliverer(store, lambda: known, http, clock, may_act=may_act)
            tasks.start_soon(deliverer.run)
            yield Office(deliverer, store, clock)
            tasks.cancel_scope.cancel()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def events(receiver: Receiver) -> list[str]:
    return [one.json["event"] for one in receiver.received]


def keys(receiver: Receiver) -> list[str]:
    return [one.headers["idempotency-key"] for one in receiver.received]


async def test_messages_of_one_incident_and_channel_arrive_in_their_order(path: Path) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        at_work.put("unknown", "down", "reminder")
        sendings = at_work.deliverer.sendings
        await at_work.until(lambda: "c" in sendings and sendings["c"].sent == 3)
        assert events(receiver) == ["unknown", "down", "reminder"]


async def test_what_was_claimed_by_who_acts_no_more_is_given_back_and_is_no_failure(
    path: Path,
) -> None:
    acts = iter([True, False])  # when it claims, and when it is about to send
    async with (
        http_receiver() as receiver,
        office(path, hook("c", receiver.url), may_act=lambda: next(acts, True)) as at_work,
    ):
        at_work.put("down")
        await at_work.until(lambda: at_work.waiting() == 0)
        assert next(acts, None) is None
        (message,) = receiver.received
        assert not message.json["possible_repeat"]
        assert at_work.failures() == 0


async def test_a_channel_that_hangs_delays_no_other(path: Path) -> None:
    async with (
        http_receiver() as slow,
        http_receiver() as quick,
        office(path, hook("c", slow.url), hook("d", quick.url)) as at_work,
    ):
        slow.silent = True
        for number in range(5):
            at_work.put("down", subject=f"i{number}", channel="c")
        for number in range(20):
            at_work.put("down", subject=f"i{number}", channel="d")
        await at_work.until(lambda: len(quick.received) == 20 and bool(slow.received))
        assert len(slow.received) == 1


async def test_a_channel_has_one_message_in_flight(path: Path) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        receiver.silent = True
        for number in range(5):
            at_work.put("down", subject=f"i{number}")
        await at_work.until(lambda: bool(receiver.received))
        await anyio.wait_all_tasks_blocked()
        assert len(receiver.received) == 1
        unclaimed = at_work.store.claim(at_work.clock.at, 60, 10)
        assert [one.possible_repeat for one in unclaimed] == [False] * 4


async def test_a_failed_message_is_tried_again_after_longer_and_longer_waits(path: Path) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        receiver.status = 500
        at_work.put("down")
        for tries, wait in enumerate(BACKOFF_S, 1):
            await at_work.until(lambda tries=tries: at_work.failures() == tries)  # type: ignore[misc]
            at_work.clock.at += wait - 0.1
            at_work.deliverer.wake()
            await anyio.wait_all_tasks_blocked()
            assert len(receiver.received) == tries
            at_work.clock.at += 0.2
        receiver.status = 200
        await at_work.until(lambda: at_work.waiting() == 0)
        assert len(set(keys(receiver))) == 1


async def test_a_later_message_waits_for_an_earlier_one_of_its_incident(path: Path) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        receiver.status = 500
        at_work.put("down", "reminder")
        at_work.put("down", subject="other")
        await at_work.until(lambda: at_work.failures() == 2)
        assert events(receiver) == ["down", "down"]
        receiver.status = 200
        at_work.clock.at += 6
        await at_work.until(lambda: at_work.waiting() == 0)
        mine = [key for key in keys(receiver) if key.startswith("i/")]
        assert mine == ["i/c/down", "i/c/down", "i/c/reminder"]


async def test_what_can_never_arrive_is_given_up_and_seen_in_the_channels_health(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        receiver.status = 404
        at_work.put("down")
        await at_work.until(lambda: "given up" in caplog.text)  # said once it is written down
        assert at_work.waiting() == 0
        (health,) = at_work.store.channel_health()
        assert "404" in health.last_error
        assert (health.failed, health.sent, health.last_failed) == (1, 0, NOON)
        assert receiver.url not in caplog.text


async def test_a_channel_that_was_deleted_gets_nothing(path: Path) -> None:
    async with office(path, hook("c")) as at_work:
        at_work.put("down", channel="gone")
        await at_work.until(lambda: at_work.waiting() == 0)


async def test_a_claim_of_a_killed_leader_is_sent_as_a_possible_repeat(path: Path) -> None:
    async with http_receiver() as receiver:
        with opened(path) as store:
            set_up(store, hook("c", receiver.url))
            store.write(Changes(notifications=[notification("down")]), NOON)
            (killed,) = store.claim(NOON, 60, 1)
        async with office(path, hook("c", receiver.url)) as at_work:
            await anyio.wait_all_tasks_blocked()
            assert receiver.received == []
            at_work.clock.at += 61
            await at_work.until(lambda: at_work.waiting() == 0)
            assert receiver.only.json["possible_repeat"] is True
            assert keys(receiver) == [killed.notification.key]


async def test_an_answer_that_never_came_is_sent_again_under_the_same_key(path: Path) -> None:
    async with http_receiver() as receiver, office(path, hook("c", receiver.url)) as at_work:
        receiver.breaks_off = True
        at_work.put("down")
        await at_work.until(lambda: at_work.failures() == 1)
        receiver.breaks_off = False
        at_work.clock.at += 6
        await at_work.until(lambda: at_work.waiting() == 0)
        assert [one.json["possible_repeat"] for one in receiver.received] == [False, True]
        assert len(set(keys(receiver))) == 1


async def test_a_down_unsent_at_its_recovery_is_one_message_with_it(path: Path) -> None:
    async with http_receiver() as receiver:
        with opened(path) as store:
            waiting = [notification("down"), notification("up", created=NOON + 60)]
            store.write(Changes(notifications=waiting), NOON)
        async with office(path, hook("c", receiver.url)) as at_work:
            at_work.clock.at += 60
            await at_work.until(lambda: at_work.waiting() == 0)
            assert events(receiver) == ["down_and_up"]


async def test_a_broken_template_does_not_keep_a_message(path: Path) -> None:
    async with http_receiver() as receiver:
        plain = hook("c", receiver.url)
        broken = type(plain)(id="c", name="c", provider=plain.provider, title="{{ 1 / 0 }}")
        async with office(path, broken) as at_work:
            at_work.put("down")
            await at_work.until(lambda: at_work.waiting() == 0)
            assert receiver.only.json["title"]


@pytest.mark.parametrize(("tries", "wait"), [*enumerate(BACKOFF_S, 1), (7, LATER_S), (40, LATER_S)])
def test_waits_grow_to_half_an_hour(tries: int, wait: float) -> None:
    assert retry_at(tries, NOON, NOON + 100) == NOON + 100 + wait


def test_a_service_that_asks_for_more_time_gets_it() -> None:
    assert retry_at(1, NOON, NOON, 90.0) == NOON + 90
    assert retry_at(4, NOON, NOON, 1.0) == NOON + BACKOFF_S[3]


def test_a_message_is_given_up_after_a_day() -> None:
    assert retry_at(50, NOON, NOON + GIVE_UP_S - LATER_S) is not None
    assert retry_at(50, NOON, NOON + GIVE_UP_S - LATER_S + 1) is None
