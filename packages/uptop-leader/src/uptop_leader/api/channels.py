"""`/api/v1/channels`: where people are told, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
from msgspec.structs import asdict

from uptop_core.api_answers import ChannelDetail, ChannelList, Tested
from uptop_core.api_bodies import ChannelSettings
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.editing import Editing
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.edits.channels import Channels
from uptop_leader.incident_views import channel_view
from uptop_leader.refusals import NotThere

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.channels import Channel, ChannelHealth

_TOPIC = "channels"
_JSON = "application/json"


class ChannelEndpoints:
    """What people and their programs read and do of channels."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._editing = Editing(leader, Channels(), _TOPIC, ChannelSettings)

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        return [
            Endpoint(
                method="GET", path="/channels", run=self.list_all, topic=_TOPIC,
                summary="List channels", query=Paged, answer=ChannelList, tagged=True,
            ),
            Endpoint(
                method="GET", path="/channels/{id}", run=self.one, topic=_TOPIC,
                summary="The health of a channel, and its settings", answer=ChannelDetail, tagged=True,
            ),
            *self._editing.endpoints(),
            Endpoint(
                method="POST", path="/channels/{id}/test", run=self.test, topic=_TOPIC,
                summary="Send a test message", role=Role.EDITOR, answer=Tested,
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """All channels, without their settings."""
        health = await self._health()
        channels = self._leader.channels.values()
        views = [channel_view(channel, health.get(channel.id)) for channel in channels]
        chosen, more = page(views, lambda view: view.id, call.query)
        body = msgspec.json.encode(ChannelList(channels=chosen, next=more))
        return tagged(call.request, body, _JSON)

    async def one(self, call: Call) -> Response:
        """One channel."""
        channel = self._wanted(call)
        view = channel_view(channel, (await self._health()).get(channel.id))
        detail = ChannelDetail(**asdict(view), settings=self._editing.settings(call, channel))
        return self._editing.shown(call.request, channel, detail)

    async def test(self, call: Call) -> Response:
        """200 with `ok`, and the error when it is false."""
        channel = self._wanted(call)
        error = await self._leader.test_channel(channel.id)
        await self._leader.note(call.actor, "channel tested", channel.name)
        return json_answer(Tested(ok=error is None, error=error or ""))

    async def _health(self) -> dict[str, ChannelHealth]:
        known = await anyio.to_thread.run_sync(self._leader.store.channel_health)
        return {one.channel: one for one in known}

    def _wanted(self, call: Call) -> Channel:
        channel = self._leader.channels.get(call.part("id"))
        if channel is None:
            raise NotThere("no channel has this id")
        return channel
