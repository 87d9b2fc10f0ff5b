"""Keeps the picture true: reads it whole, follows the leader's events, and comes back after a break.

While the leader is away the last picture stays. What comes within a tenth of a second is told
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio
import msgspec

from uptop_core.errors import LeaderBusy, LeaderError, LeaderRefused
from uptop_tui.picture import ALL, NONE, Changes, Connection, Picture, taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.access_answers import Me
    from uptop_core.api_client import ApiClient
    from uptop_core.event_stream import Event
    from uptop_core.views import IncidentView
    from uptop_tui.picture import State

TOGETHER_S = 0.1
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 15.0
WHO_S = 10.0
"""How often it is asked who answers and to whom: no event tells of a follower that takes over, of
another role, or of a clock that was set.
"""
_WHOLE = ("hello", "reset")  # after these everything is to be read


class OnChange(Protocol):
    """Told of a new picture, and of what differs from the one before."""

    def __call__(self, picture: Picture, changes: Changes) -> None: ...


class Live:
    """Follows one leader. `clock` is this machine's clock, Unix milliseconds."""

    def __init__(
        self,
        client: ApiClient,
        on_change: OnChange,
        clock: Callable[[], int],
        who_s: float = WHO_S,
    ) -> None:
        self.picture = Picture(connection=Connection(since=clock()))
        self._client = client
        self._on_change = on_change
        self._clock = clock
        self._who_s = who_s
        self._last = ""
        self._untold = NONE
        self._news = anyio.Event()

    async def run(self) -> None:
        """Follow the leader until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tell)
            tasks.start_soon(self._ask_who)
            wait_s = FIRST_WAIT_S
            while True:
                state, sentence, asked_s = await self._follow()
                if self.picture.connection.is_live:
                    wait_s = FIRST_WAIT_S
                self._connect(state, sentence)
                await anyio.sleep(min(max(wait_s, asked_s), LONGEST_WAIT_S))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _follow(self) -> tuple[State, str, float]:
        """Hear the leader until it cannot be heard any more: what that means, why, and after how
        many seconds it asks to come again.
        """
        try:
            async with self._client.events(self._last) as events:
                if self._last:
                    self._connect("live")
                async for event in events:
                    await self._hear(event)
                    self._last = event.id or self._last
        except LeaderBusy as error:
            return "away", str(error), error.retry_after_s or 0.0
        except LeaderRefused as error:
            return "refused", str(error), 0.0
        except LeaderError as error:
            return "away", str(error), 0.0
        except msgspec.DecodeError as error:
            self._last = ""
            return "away", f"the leader said what this program does not understand: {error}", 0.0
        return "away", f"the leader at {self._client.url} ended the connection", 0.0

    async def _hear(self, event: Event) -> None:
        if event.kind in _WHOLE:
            self.picture = await self._read_whole()
            self._change(ALL)
        else:
            self.picture, changes = taken(self.picture, event, self._now())
            if changes != NONE:
                self._change(changes)

    async def _read_whole(self) -> Picture:
        client, before = self._client, self.picture
        me, ahead_ms = await self._who()
        picture = Picture(
            monitors={view.id: view for view in await client.monitors()},
            nodes={view.id: view for view in await client.nodes()},
            incidents={view.id: view for view in await self._open_incidents()},
            me=me,
            config=before.config + 1,
            posts=before.posts + 1,
            ahead_ms=ahead_ms,
        )
        now = self._clock() + ahead_ms
        connection = Connection(state="live", since=now)
        return msgspec.structs.replace(picture, as_of=now, connection=connection)

    async def _who(self) -> tuple[Me, int]:
        """Who asks and what answers, and how far its clock is ahead of this one."""
        me = await self._client.me()
        return me, me.now - self._clock()

    def _now(self) -> int:
        """By the leader's clock."""
        return self._clock() + self.picture.ahead_ms

    async def _ask_who(self) -> None:
        while True:
            await anyio.sleep(self._who_s)
            if not self.picture.connection.is_live:
                continue
            try:
                me, ahead_ms = await self._who()
            except LeaderError:
                continue  # the stream of events tells of it
            before = self.picture.me
            self.picture = msgspec.structs.replace(self.picture, me=me, ahead_ms=ahead_ms)
            if before is None or msgspec.structs.replace(before, now=me.now) != me:
                self._change(Changes(connection=True))

    async def _open_incidents(self) -> list[IncidentView]:
        page = await self._client.incidents(open="true", limit="1000")
        found = list(page.incidents)
        while page.next is not None:
            page = await self._client.incidents(open="true", limit="1000", cursor=page.next)
            found += page.incidents
        return found

    def _connect(self, state: State, sentence: str = "") -> None:
        """Say how it stands; `since` stays while it does not get better."""
        before = self.picture.connection
        stays = before.is_live == (state == "live") and before.state != "connecting"
        connection = Connection(
            state=state, since=before.since if stays else self._now(), sentence=sentence
        )
        self.picture = msgspec.structs.replace(self.picture, connection=connection)
        self._change(Changes(connection=True))

    def _change(self, changes: Changes) -> None:
        self._untold = self._untold.and_(changes)
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            changes, self._untold = self._untold, NONE
            self._on_change(self.picture, changes)
            await anyio.sleep(TOGETHER_S)
