"""`/api/v1/events`: what changes, as it changes (server-sent events), resumable by Last-Event-ID.

Each event carries one thing whole, as its list shows it: `monitor`, `node`, `incident`, `post`;
`gone` names one that is no more, and `config` says that what people have set up has changed. The
first event is `hello`, or after a Last-Event-ID that reaches too far back `reset`: then everything
is to be read anew.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
import msgspec
from msgspec import Struct
from starlette.responses import StreamingResponse

from uptop_core.errors import StoreError
from uptop_leader.api.access import Role
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.posts import post_view
from uptop_leader.incident_views import incident_view
from uptop_leader.live import CONFIG, Name
from uptop_leader.node_views import node_view
from uptop_leader.refusals import Behind, Refusal
from uptop_leader.store.node_keys import uses
from uptop_leader.views import monitor_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview
    from uptop_leader.views import Snapshot

log = logging.getLogger(__name__)

MEDIA = "text/event-stream"
STREAMS = 200  # at once; of one person half of them, so that nobody has them all
TOGETHER_S = 0.25  # what changes within this time is sent together
LISTEN_S = 1.0  # how often a stream looks for what changed unsaid
QUIET_S = 15.0  # silence is broken after this, and as often the token is looked at again


class EventQuery(Struct, frozen=True, kw_only=True):
    """Which kinds of things are told of; none for all."""

    kind: tuple[Literal["monitor", "node", "incident", "post", "config"], ...] = ()


class EventEndpoints:
    """Streams of events. What one event holds is made once, however many listen."""

    def __init__(
        self,
        leader: Leader,
        overview: Overview,
        access: Access,
        quiet_s: float = QUIET_S,
        most: int = STREAMS,
    ) -> None:
        self._most = most
        self._quiet_s = quiet_s
        self._leader = leader
        self._overview = overview
        self._access = access
        self._made: dict[Name, tuple[int, bytes]] = {}
        self._streams: Counter[str] = Counter()

    def endpoints(self) -> list[Endpoint]:
        """The one there is."""
        return [
            Endpoint(
                method="GET", path="/events", run=self.events, topic="events",
                summary="What changes, as it changes", query=EventQuery, stream=MEDIA,
            ),
        ]  # fmt: skip

    async def events(self, call: Call) -> Response:
        """A stream that goes on until one side ends it."""
        if self._streams.total() >= self._most:
            raise Behind(f"{self._most} streams are open already")
        if self._streams[call.caller.name] >= self._most // 2:
            raise Behind(f"{call.caller.name} has {self._most // 2} streams open already")
        live = self._leader.live
        live.listen(self._leader)
        known, first = self._begin(call)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._stream(call, known, first), headers=headers, media_type=MEDIA
        )

    def _begin(self, call: Call) -> tuple[int, bytes]:
        """After which change the stream goes on, and what it says first."""
        live = self._leader.live
        last = call.request.headers.get("last-event-id", "")
        boot, _, number = last.partition("-")
        is_ours = boot == live.boot and number.isdecimal() and len(number) < 16
        if is_ours and live.reaches(int(number)):
            return int(number), b": resumed\n\n"
        first = "reset" if last else "hello"
        return live.number, _event(first, f"{live.boot}-{live.number}", b"{}")

    async def _stream(self, call: Call, known: int, first: bytes) -> AsyncIterator[bytes]:
        live, wanted = self._leader.live, set(call.query.kind)
        quiet_since = checked = anyio.current_time()
        self._streams[call.caller.name] += 1
        try:
            yield first
            while not live.is_over:
                live.listen(self._leader)
                if not live.reaches(known):
                    known = live.number
                    yield _event("reset", f"{live.boot}-{known}", b"{}")
                if anyio.current_time() - checked >= self._quiet_s:
                    checked = anyio.current_time()
                    if not await self._is_still_known(call):
                        return
                try:
                    moved = live.since(known)
                    snapshot = await self._overview.snapshot() if moved else None
                    for name, number in moved:
                        if snapshot is not None and (not wanted or name.kind in wanted):
                            yield await self._told(name, number, snapshot)
                            quiet_since = anyio.current_time()
                        known = number
                        if anyio.current_time() - checked >= self._quiet_s:
                            break  # who reads slowly is looked at in between
                except StoreError as error:  # it goes on from there when the database is back
                    log.warning("events wait for the database: %s", error)
                if anyio.current_time() - quiet_since >= self._quiet_s:
                    quiet_since = anyio.current_time()
                    yield b": still here\n\n"
                await live.changed(LISTEN_S)
                await anyio.sleep(TOGETHER_S)
        finally:
            self._streams -= Counter((call.caller.name,))

    async def _is_still_known(self, call: Call) -> bool:
        """Whether the token is good still, as far as the database can be asked."""
        try:
            await self._access.person(call.request, Role.VIEWER)
        except Refusal:
            return False
        except StoreError as error:
            log.warning("whether a token is good still cannot be asked: %s", error)
        return True

    async def _told(self, name: Name, number: int, snapshot: Snapshot) -> bytes:
        """The event of one change; made by whoever comes first. The snapshot is newer than it."""
        made = self._made.get(name)
        if made is None or made[0] != number:
            kind, data = await self._shown(name, snapshot)
            event = _event(kind, f"{self._leader.live.boot}-{number}", data)
            if len(self._made) > 2 * len(self._leader.monitors) + 1000:
                self._made.clear()
            made = self._made[name] = (number, event)
        return made[1]

    async def _shown(self, name: Name, snapshot: Snapshot) -> tuple[str, bytes]:
        """The thing as its list shows it."""
        leader = self._leader
        view: Struct | None = None
        if name == CONFIG:
            return name.kind, msgspec.json.encode({"version": leader.version})
        if name.kind == "monitor" and (monitor := snapshot.monitors.get(name.id)) is not None:
            view = monitor_view(snapshot, monitor)
        elif name.kind == "node" and (node := leader.nodes.get(name.id)) is not None:
            keys, now = await self._access.keys.all(), leader.clock_now()
            view = node_view(node, leader.standings().get(node.id), now, uses(keys, now))
        elif name.kind == "incident":
            incident = await anyio.to_thread.run_sync(leader.store.incident, name.id)
            view = None if incident is None else incident_view(incident, leader.nodes)
        elif name.kind == "post":
            post = await anyio.to_thread.run_sync(leader.store.posts.one, name.id)
            view = None if post is None else post_view(post)
        if view is None:
            return "gone", msgspec.json.encode(name._asdict())
        return name.kind, msgspec.json.encode(view)


def _event(kind: str, event_id: str, data: bytes) -> bytes:
    return b"event: %s\nid: %s\ndata: %s\n\n" % (kind.encode(), event_id.encode(), data)
