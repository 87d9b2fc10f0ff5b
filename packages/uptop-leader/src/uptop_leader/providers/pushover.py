"""pushover: a push message to a user or group (https://pushover.net/api)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uptop_leader.messages import URGENT, clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, endpoint, url_problems, word_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

TITLE_LIMIT, MESSAGE_LIMIT, URL_LIMIT = 250, 1024, 512
_HIGH, _DEFAULT = "1", "0"


class Pushover(Provider, tag="pushover", frozen=True, kw_only=True, omit_defaults=True):
    """Sends with the application's `token` to the `user` or group key."""

    example: ClassVar[str] = 'token: "${PUSHOVER_TOKEN}", user: "${PUSHOVER_USER}"'

    secrets: ClassVar[tuple[str, ...]] = ("token", "user")

    token: str
    user: str
    api_url: str = "https://api.pushover.net"

    def problems(self) -> Iterator[Problem]:
        """Keys that cannot be sent, a URL that cannot be asked."""
        yield from word_problems("token", self.token)
        yield from word_problems("user", self.user)
        yield from url_problems("api_url", self.api_url)

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """A form; a DOWN is of high priority and passes quiet hours."""
        form = {
            "token": self.token,
            "user": self.user,
            "title": clip(rendered.title, TITLE_LIMIT),
            "message": clip(rendered.body or rendered.title, MESSAGE_LIMIT),
            "priority": _HIGH if message.event in URGENT else _DEFAULT,
            "timestamp": str(message.at // 1000),
        }
        if message.url and len(message.url) <= URL_LIMIT:
            form["url"] = message.url
        await self.post(http, Request(url=endpoint(self.api_url, "/1/messages.json"), form=form))
