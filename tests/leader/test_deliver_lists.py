"""Step 12: lists and fallback channels, through real channels."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio
import pytest
from msgspec.structs import replace

from tests.leader.helms import SetClock, hook
from tests.leader.receivers import Receiver, client, http_receiver
from tests.leader.store_samples import notification, opened, set_up
from uptop_leader.changes import Changes
from uptop_leader.deliver import Deliverer
from uptop_leader.notifications import Pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from uptop_leader.channels import Channel, ChannelHealth
    from uptop_leader.store.store import Store

pytestmark = pytest.mark.anyio


class Office:
    """A deliverer at work, at the usual pace."""

    def __init__(self, deliverer: Deliverer, store: Store, clock: SetClock) -> None:
        self.deliverer = deliverer
        self.store = store
        self.clock = clock

    def put(self, event: str, *subjects: str, channel: str = "c") -> None:
        made = [notification(event, one, channel, self.clock.at) for one in subjects]
        self.store.write(Changes(notifications=made), self.clock.at)
        self.deliverer.wake()

    async def until(self, holds: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not holds():
                self.deliverer.wake()
                await anyio.sleep(0.005)

    def health(self, channel: str = "c") -> ChannelHealth:
        return next(one for one in self.store.channel_health() if one.channel == channel)

    async def is_empty(self) -> None:
        await self.until(lambda: self.store.outbox_depth(self.clock.at).waiting == 0)


@contextlib.asynccontextmanager
async def office(path: Path, *channels: Channel) -> AsyncIterator[Office]:
    clock = SetClock()
    known = {channel.id: channel for channel in channels}
    with opened(path / "uptop.db") as store:
        set_up(store, *channels)
        async with client() as http, anyio.create_task_group() as tasks:
            pace = Pace(digest_s=10.0)
            deliverer = Deliverer(store, lambda: known, http, clock, pace=pace)
            tasks.start_soon(deliverer.run)
            yield Office(deliverer, store, clock)
            tasks.cancel_scope.cancel()


def events(receiver: Receiver) -> list[str]:
    return [one.json["event"] for one in receiver.received]


async def test_an_outage_of_everything_is_one_message_and_one_list(tmp_path: Path) -> None:
    async with (
        http_receiver() as receiver,
        office(tmp_path, hook("c", receiver.url)) as at_work,
    ):
        at_work.put("down", *(f"i{number}" for number in range(150)))
        await at_work.until(lambda: at_work.health().sent == 1)
        at_work.clock.at += 10
        await at_work.is_empty()
        assert events(receiver) == ["down", "digest"]
        whole = receiver.received[1].json
        assert whole["title"] == "149 notifications: 149 × DOWN"
        assert len({one["key"] for one in whole["messages"]}) == 149
        assert receiver.received[1].headers["idempotency-key"] == whole["key"]


async def test_a_list_without_an_answer_is_sent_again_under_its_key(tmp_path: Path) -> None:
    async with (
        http_receiver() as receiver,
        office(tmp_path, hook("c", receiver.url)) as at_work,
    ):
        at_work.put("down", "first")
        await at_work.is_empty()
        receiver.breaks_off = True
        at_work.put("down", "i", "j")
        at_work.clock.at += 10
        await at_work.until(lambda: at_work.health().failed == 1)
        receiver.breaks_off = False
        at_work.clock.at += 5
        at_work.put("down", "k")
        await at_work.until(lambda: at_work.health().sent == 2)
        lost, again = (one.json for one in receiver.received[1:3])
        assert (lost["key"], lost["possible_repeat"]) == (again["key"], False)
        assert again["possible_repeat"] is True
        at_work.clock.at += 10
        await at_work.is_empty()
        assert events(receiver) == ["down", "digest", "digest", "down"]


async def test_a_channel_that_fails_for_hours_loses_nothing_and_its_fallback_tells_in_time(
    tmp_path: Path,
) -> None:
    async with (
        http_receiver() as broken,
        http_receiver() as spare,
        office(
            tmp_path, replace(hook("c", broken.url), fallback="d"), hook("d", spare.url)
        ) as at_work,
    ):
        broken.status = 500
        at_work.put("down", "i")
        await at_work.until(lambda: at_work.health("c").failed == 1)
        at_work.clock.at += 300
        await at_work.until(lambda: at_work.health("d").sent == 1)
        at_work.clock.at += 3600
        at_work.put("up", "i")
        await at_work.until(lambda: len(spare.received) == 2)
        assert events(spare) == ["down", "up"]
        assert "does not get through" in spare.received[0].json["body"]
        broken.status = 200
        broken.received.clear()
        at_work.clock.at += 7200
        await at_work.is_empty()
        told = [one.json for one in broken.received]
        assert [one["event"] for one in told] in (["down", "up"], ["digest"])
        health = at_work.health("c")
        assert (health.passed_on, health.failing_since) == (2, None)


async def test_a_channel_that_answers_500_for_three_hours_gets_all_in_order_and_delays_nobody(
    tmp_path: Path,
) -> None:
    """Each half an hour something is told to both: an outage, and its end a while later."""
    async with (
        http_receiver() as ill,
        http_receiver() as well,
        office(tmp_path, hook("c", ill.url), hook("d", well.url)) as at_work,
    ):
        ill.status = 500
        told: list[tuple[str, str]] = []
        for number in range(6):
            for event in ("down", "reminder", "up"):
                for channel in ("c", "d"):
                    at_work.put(event, f"i{number}", channel=channel)
                told.append((f"i{number}", event))
                await at_work.until(lambda: at_work.health("d").sent == len(told))
                at_work.clock.at += 600
        assert events(well) == [event for _, event in told]
        tries = len(ill.received)
        assert at_work.health().failed >= tries - 1 > 6
        ill.status = 200
        at_work.clock.at += 1800
        await at_work.is_empty()
        taken = [
            news for one in ill.received[tries:] for news in one.json.get("messages", [one.json])
        ]
        assert len({news["key"] for news in taken}) == len(taken)
        for number in range(6):
            mine = [one["event"] for one in taken if one["key"].startswith(f"i{number}/")]
            assert mine in (["down", "reminder", "up"], ["down_and_up"]), mine
