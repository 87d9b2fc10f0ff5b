"""Step 12: deliver. Due notifications are claimed, sent, and marked; or tried again later.

A row is claimed in one transaction and marked in another, so being killed between the two repeats
at most the one message in flight, under the same key. Each channel has one message in flight at
a time: a slow one delays nobody else, and keeps its own order. Several may go as one list.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.alarm import Alarm
from uptop_core.errors import DeliveryError, StoreError
from uptop_leader.gauges import Sendings
from uptop_leader.messages import Message, render
from uptop_leader.notifications import Claimed, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from uptop_core.clock import Clock
    from uptop_leader.channels import Channel
    from uptop_leader.store.store import Store

BACKOFF_S = (5.0, 15.0, 45.0, 120.0, 300.0, 900.0)
LATER_S = 1800.0
GIVE_UP_S = 86_400.0
SEND_S = 30.0  # a provider gets this long for one message
_IDLE_S = 1.0
_EMPTY_S = 10.0  # while nothing waits: what is written rings, and this is for what did not

log = logging.getLogger(__name__)


def retry_at(
    attempts: int, created: float, now: float, asked_s: float | None = None
) -> float | None:
    """When to try again after `attempts` tries, not before the service asked to be; None when a
    day has passed since `created`."""
    wait = BACKOFF_S[attempts - 1] if 0 < attempts <= len(BACKOFF_S) else LATER_S
    wait = max(wait, asked_s or 0.0)
    return now + wait if now + wait - created <= GIVE_UP_S else None


class Deliverer:
    """The worker that empties the outbox."""

    def __init__(
        self,
        store: Store,
        channels: Callable[[], Mapping[str, Channel]],
        http: httpx.AsyncClient,
        clock: Clock,
        claim_s: float = 60.0,
        pace: Pace = Pace(),  # noqa: B008  frozen
        may_act: Callable[[], bool] = lambda: True,
    ) -> None:
        self.sendings: dict[str, Sendings] = {}
        self._store = store
        self._channels = channels
        self._http = http
        self._clock = clock
        self._claim_s = max(claim_s, SEND_S + 5.0)
        self._pace = pace
        self._may_act = may_act
        self._is_ending = False
        self._busy: set[str] = set()
        self._alarm = Alarm()
        self._idle = anyio.Event()
        self._trouble = ""

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._alarm.ring()

    async def end(self) -> None:
        """Send nothing new; return when what is in flight has been sent."""
        self._is_ending = True
        while self._busy:
            await self._idle.wait()

    async def run(self) -> None:
        """Until cancelled; what is in flight then is claimed by the next start."""
        async with anyio.create_task_group() as tasks:
            while True:
                while (claimed := await self._claim()) is not None:
                    self._busy.add(claimed.notification.channel)
                    tasks.start_soon(self._deliver, claimed)
                await self._alarm.rings(within_s=await self._pause_s())

    async def _claim(self) -> Claimed | None:
        """One at a time, so that nothing is claimed for a channel that is busy: what a killed
        leader had claimed counts as sent perhaps, and only what was in flight may."""
        if self._is_ending or not self._may_act():
            return None
        now, busy = self._clock.now(), frozenset(self._busy)
        try:
            ask = partial(self._store.claim, now, self._claim_s, 1, busy, self._pace)
            claimed = await to_thread.run_sync(ask)
        except StoreError as error:
            if self._trouble != str(error):
                log.error("the outbox cannot be read: %s", error)
            self._trouble = str(error)
            return None
        self._trouble = ""
        return claimed[0] if claimed else None

    async def _pause_s(self) -> float:
        """How long until the outbox is looked at again, if nobody rings: to claim is to write, which
        a leader with nothing to tell need not do every second."""
        try:
            has_waiting = bool(self._trouble) or await to_thread.run_sync(self._store.has_waiting)
        except StoreError:
            return _IDLE_S
        return _IDLE_S if has_waiting else _EMPTY_S

    async def _deliver(self, claimed: Claimed) -> None:
        notification = claimed.notification
        message = replace(notification.message, possible_repeat=claimed.possible_repeat)
        try:
            if self._may_act():
                error = await self._send(notification.channel, message)
                await self._mark(claimed, error)
            else:  # it stood still since it was claimed: another may have sent it
                await self._give_back(claimed)
        finally:
            self._busy.discard(notification.channel)
            self._idle.set()
            self._idle = anyio.Event()
            self._alarm.ring()

    async def _send(self, channel_id: str, message: Message) -> DeliveryError | None:
        channel = self._channels().get(channel_id)
        if channel is None:
            return DeliveryError("the channel was deleted", permanent=True)
        return await send(channel, message, self._http)

    async def _give_back(self, claimed: Claimed) -> None:
        """Nothing was sent, and no channel has failed. Where that cannot be noted the claim ends by
        itself.
        """
        try:
            await to_thread.run_sync(self._store.release, claimed.number)
        except StoreError as trouble:
            log.warning("what was claimed cannot be given back: %s", trouble)

    async def _mark(self, claimed: Claimed, error: DeliveryError | None) -> None:
        """Write down how it went; while the store cannot be written, keep trying to."""
        now = self._clock.now()
        while True:
            try:
                if error is None:
                    await to_thread.run_sync(self._store.mark_sent, claimed.number, now)
                    self._counted(claimed, sent=1)
                else:
                    await self._mark_failed(claimed, error, now)
                return
            except StoreError as trouble:
                log.error("a delivery cannot be noted: %s", trouble)
                await anyio.sleep(_IDLE_S)

    def _counted(self, claimed: Claimed, *, sent: int = 0, failed: int = 0) -> None:
        channel = claimed.notification.channel
        before = self.sendings.get(channel, Sendings())
        self.sendings[channel] = Sendings(before.sent + sent, before.failed + failed)

    async def _mark_failed(self, claimed: Claimed, error: DeliveryError, now: float) -> None:
        notification = claimed.notification
        again = None
        if not error.permanent:
            tries = claimed.attempts + 1
            again = retry_at(tries, claimed.newest, now, error.retry_after_s)
        note = partial(
            self._store.mark_failed,
            claimed.number,
            str(error),
            again,
            now,
            unknown=error.unknown,
            oldest=None if again is None else again - GIVE_UP_S,
        )
        await to_thread.run_sync(note)
        self._counted(claimed, failed=1)
        log.warning(
            "%s for %s not delivered: %s (%s)",
            notification.event, notification.message.monitor, error,
            "given up" if again is None else f"again in {again - now:.0f} s",
        )  # fmt: skip


async def send(channel: Channel, message: Message, http: httpx.AsyncClient) -> DeliveryError | None:
    """Send one message through a channel; what went wrong, if anything did."""
    provider = channel.provider
    try:
        rendered = render(message, channel.title, channel.body, idempotent=provider.idempotent)
        with anyio.fail_after(SEND_S):
            await provider.send(message, rendered, http)
    except DeliveryError as error:
        return error
    except TimeoutError:
        return DeliveryError(f"no answer within {SEND_S:g} s", unknown=True)
    except Exception as error:  # a provider's bug must not stop the others
        log.exception("provider %s is broken", provider.kind())
        return DeliveryError(f"{type(error).__name__} in provider {provider.kind()}")
    return None
