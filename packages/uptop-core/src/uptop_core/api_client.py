"""The one way to talk to the leader's API (`/api/v1`) for people's programs: a typed client.

Lists are read whole, page by page. What can be changed comes with its ETag: given back with the
change, it is refused (LeaderRefused, status 412) when somebody else was faster. A wrong token, an old
leader, a TLS error and something in between are errors of their own, each with its own sentence.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import httpx
from msgspec import Struct

from uptop_core import access_answers as access
from uptop_core import api_answers as answers
from uptop_core.api_exchange import PREFIX, ApiExchange, part
from uptop_core.errors import LeaderAway
from uptop_core.event_stream import SILENCE_S, Event, EventTooLong, lines_of, read_events
from uptop_core.history_views import HistoryView, SlaView
from uptop_core.views import IncidentView, MonitorView, NodeView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from uptop_core import api_bodies as bodies

T = TypeVar("T")
Where = Literal["monitors", "channels", "maintenance"]
"""What people set up, and edit one by one."""

_DETAILS: dict[str, type[Struct]] = {
    "monitors": answers.MonitorDetail,
    "channels": answers.ChannelDetail,
    "maintenance": answers.MaintenanceDetail,
}


class Held(Struct, Generic[T], frozen=True):
    """Something as it was read, and the ETag to change it with."""

    value: T
    etag: str


class ApiClient(ApiExchange):
    """Asks one leader as a person's program does; see `Exchange` for what it takes."""

    # What is shown

    async def me(self) -> access.Me:
        """Who the token speaks for, and what answers."""
        return await self._get("/me", access.Me)

    async def monitors(self, **filters: str | Iterable[str]) -> tuple[MonitorView, ...]:
        """All monitors that fit `status`, `tag`, `type`, `name`, `parent`."""
        pages = self._pages("/monitors", answers.MonitorList, filters)
        return tuple([view async for page in pages for view in page.monitors])

    async def nodes(self, **filters: str | Iterable[str]) -> tuple[NodeView, ...]:
        """All nodes that fit `state`, `region`."""
        pages = self._pages("/nodes", answers.NodeList, filters)
        return tuple([view async for page in pages for view in page.nodes])

    async def node(self, node: str) -> NodeView:
        """One node (an id)."""
        return await self._get(f"/nodes/{part(node)}", NodeView)

    async def channels(self) -> answers.ChannelList:
        """The channels."""
        return await self._get("/channels", answers.ChannelList)

    async def maintenance(self) -> answers.MaintenanceList:
        """What is planned."""
        return await self._get("/maintenance", answers.MaintenanceList)

    async def history(self, monitor: str, span: str = "24h") -> HistoryView:
        """How a monitor was in the last 24h, 7d, 30d, 90d or 1y."""
        return await self._get(f"/monitors/{part(monitor)}/history", HistoryView, range=span)

    async def sla(self, span: str = "30d") -> tuple[SlaView, ...]:
        """How every monitor was in the last 24h, 7d, 30d, 90d or 1y."""
        pages = self._pages("/sla", answers.SlaList, {"range": span})
        return tuple([view async for page in pages for view in page.sla])

    async def incidents(self, **query: str) -> answers.IncidentList:
        """A page of incidents, the newest first: `open`, `monitor`, `since`, `limit`, `cursor`."""
        return await self._get("/incidents", answers.IncidentList, **query)

    async def incident(self, incident: str) -> IncidentView:
        """One incident with its evidence."""
        return await self._get(f"/incidents/{part(incident)}", IncidentView)

    async def transitions(self, **query: str) -> answers.TransitionList:
        """A page of transitions, the newest first: `monitor`, `limit`, `cursor`."""
        return await self._get("/transitions", answers.TransitionList, **query)

    async def kinds(self) -> answers.Kinds:
        """Every kind with its JSON Schema."""
        return await self._get("/kinds", answers.Kinds)

    # What people set up

    async def read(self, where: Where, id: str) -> Held[Any]:
        """A monitor, channel or maintenance with its settings (MonitorDetail and so on)."""
        answer = await self._ask("GET", f"{PREFIX}/{where}/{part(id)}")
        return Held(self._read(answer, _DETAILS[where]), answer.headers.get("ETag", ""))

    async def add(self, where: Where, settings: Mapping[str, Any] | Struct) -> answers.Saved:
        """Add one."""
        return await self._send("POST", f"/{where}", settings, answers.Saved)

    async def change(
        self, where: Where, id: str, patch: Mapping[str, Any], etag: str = ""
    ) -> answers.Saved:
        """Change some settings (a merge patch); with `etag` only if they are what was read."""
        return await self._send("PATCH", f"/{where}/{part(id)}", patch, answers.Saved, etag)

    async def replace(
        self, where: Where, id: str, settings: Mapping[str, Any] | Struct, etag: str
    ) -> answers.Saved:
        """Replace all settings of what was read with `etag` (`*`: of any)."""
        return await self._send("PUT", f"/{where}/{part(id)}", settings, answers.Saved, etag)

    async def remove(
        self, where: Where | Literal["posts", "users", "tokens", "nodes"], id: str, etag: str = ""
    ) -> None:
        """Remove one; a token is revoked, a node forgotten with its keys."""
        await self._drop(f"/{where}/{part(id)}", etag)

    async def apply(
        self, document: str, *, dry_run: bool = False, prune: bool = False
    ) -> answers.Applied:
        """Make the configuration as a YAML or JSON document says."""
        params = {"dry_run": str(dry_run).lower(), "prune": str(prune).lower()}
        headers = {"Content-Type": "application/yaml"}
        answer = await self._ask(
            "POST",
            f"{PREFIX}/apply",
            params=params,
            headers=headers,
            content=document.encode(),
        )
        return self._read(answer, answers.Applied)

    # What people do

    async def pause(self, *monitors: str) -> answers.Done:
        """Pause monitors (ids), together."""
        return await self._send("POST", "/pause", {"monitors": monitors}, answers.Done)

    async def resume(self, *monitors: str) -> answers.Done:
        """Resume monitors (ids), together."""
        return await self._send("POST", "/resume", {"monitors": monitors}, answers.Done)

    async def recheck(self, *monitors: str) -> answers.Done:
        """Have monitors (ids) rechecked now."""
        return await self._send("POST", "/recheck", {"monitors": monitors}, answers.Done)

    async def push_address(self, monitor: str) -> str:
        """The URL at which the job of a push monitor says that it is alive; it holds a secret."""
        answer = await self._ask("POST", f"{PREFIX}/monitors/{part(monitor)}/push-address")
        return f"{self.url}{self._read(answer, answers.PushAddress).path}"

    async def acknowledge(self, incident: str, note: str = "") -> IncidentView:
        """Take an open incident on."""
        path = f"/incidents/{part(incident)}/acknowledge"
        return await self._send("POST", path, {"note": note}, IncidentView)

    async def test_channel(self, channel: str) -> answers.Tested:
        """Send a test message. The leader waits for the service, so this takes its time."""
        path = f"{PREFIX}/channels/{part(channel)}/test"
        return self._read(await self._ask("POST", path, wait_s=20.0), answers.Tested)

    async def posts(self, **query: str) -> answers.PostList:
        """A page of posts, the newest first: `thread`, `incident`, `limit`, `cursor`."""
        return await self._get("/posts", answers.PostList, **query)

    async def post(self, id: str) -> Held[answers.PostView]:
        """One post."""
        answer = await self._ask("GET", f"{PREFIX}/posts/{part(id)}")
        return Held(self._read(answer, answers.PostView), answer.headers.get("ETag", ""))

    async def write_post(self, post: bodies.PostBody) -> answers.PostView:
        """Begin a thread, or go on with one."""
        return await self._send("POST", "/posts", post, answers.PostView)

    async def change_post(
        self, id: str, change: Mapping[str, Any], etag: str = ""
    ) -> answers.PostView:
        """Mend a post; with `etag` only if it is what was read."""
        return await self._send("PATCH", f"/posts/{part(id)}", change, answers.PostView, etag)

    # Who may do it

    async def users(self) -> access.UserList:
        """The users."""
        return await self._get("/users", access.UserList)

    async def add_user(self, user: bodies.UserBody) -> access.UserView:
        """Add a user."""
        return await self._send("POST", "/users", user, access.UserView)

    async def change_role(self, user: str, role: bodies.RoleName) -> access.UserView:
        """Give a user (an id) another role."""
        return await self._send("PATCH", f"/users/{part(user)}", {"role": role}, access.UserView)

    async def tokens(self) -> access.TokenList:
        """The tokens that may be seen."""
        return await self._get("/tokens", access.TokenList)

    async def add_token(self, token: bodies.TokenBody) -> access.NewToken:
        """Make a token; it is told this once."""
        return await self._send("POST", "/tokens", token, access.NewToken)

    async def node_keys(self) -> tuple[access.NodeKeyView, ...]:
        """All keys of nodes, those that are good no more included."""
        pages = self._pages("/node-keys", access.NodeKeyList, {})
        return tuple([view async for page in pages for view in page.keys])

    async def add_node_key(self, node: str, region: str = "") -> access.NewNodeKey:
        """Give a node (an id, known or not yet) its key; it is told this once."""
        path = f"/nodes/{part(node)}/key"
        return await self._send("POST", path, {"region": region}, access.NewNodeKey)

    async def rotate_node_key(self, node: str, overlap_s: float = 3600.0) -> access.NewNodeKey:
        """Give a node another key; the old one is good for a while still."""
        path = f"/nodes/{part(node)}/key/rotate"
        return await self._send("POST", path, {"overlap": overlap_s}, access.NewNodeKey)

    async def revoke_node_key(self, node: str) -> None:
        """End all keys of a node, which leaves with that."""
        await self._drop(f"/nodes/{part(node)}/key")

    async def logs(self, **query: str) -> access.LogList:
        """A page of the audit log: `who`, `what`, `about`, `since`, `until`, `limit`, `cursor`."""
        return await self._get("/logs", access.LogList, **query)

    # What changes

    @asynccontextmanager
    async def events(self, last: str = "") -> AsyncIterator[AsyncIterator[Event]]:
        """A stream of events, on from the id `last`. It ends when the leader does; LeaderAway when
        nothing is heard any more. The first event is `hello`, or `reset` when all is to be read anew.
        """
        headers = {
            **self._headers,
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
        }
        if last:
            headers["Last-Event-ID"] = last
        timeout = httpx.Timeout(self._deadline_s, read=SILENCE_S)
        url = f"{self.url}{PREFIX}/events"
        try:
            async with self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
                if response.status_code != 200:
                    raise self._failure(await self._whole(response))
                yield read_events(lines_of(response.aiter_raw()))
        except EventTooLong:
            raise LeaderAway(self.url, "it tells of something that does not end") from None
        except httpx.ReadTimeout:
            raise LeaderAway(self.url, f"nothing was heard for {SILENCE_S:g} s") from None
        except httpx.TimeoutException:
            raise LeaderAway(self.url, f"no answer within {self._deadline_s:g} s") from None
        except (httpx.HTTPError, OSError) as error:
            raise self._unheard(error) from error
