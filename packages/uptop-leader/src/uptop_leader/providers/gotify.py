"""gotify: a push message through a Gotify server (https://gotify.net/api-docs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_leader.messages import URGENT
from uptop_leader.post import Request
from uptop_leader.provider import Provider, endpoint, url_problems, word_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

_HIGH, _DEFAULT = 8, 5


class Gotify(Provider, tag="gotify", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to the server `url` with the application's `token`.

    `priority` is 0 to 10; the default is 8 for a DOWN and 5 for the rest.
    """

    example: ClassVar[str] = 'url: "https://push.example.com", token: "${GOTIFY_TOKEN}"'

    secrets: ClassVar[tuple[str, ...]] = ("token",)

    url: str
    token: str
    priority: Annotated[int, Meta(ge=0, le=10)] | None = None

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, a token that cannot be sent."""
        yield from url_problems("url", self.url)
        yield from word_problems("token", self.token)

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """One message; the token goes in a header, so that it is in no access log."""
        usual = _HIGH if message.event in URGENT else _DEFAULT
        body: dict[str, object] = {
            "title": rendered.title,
            "message": rendered.body or rendered.title,
            "priority": usual if self.priority is None else self.priority,
        }
        if message.url:
            body["extras"] = {"client::notification": {"click": {"url": message.url}}}
        headers = {"X-Gotify-Key": self.token}
        url = endpoint(self.url, "/message")
        await self.post(http, Request(url=url, headers=headers, body=body))
