"""ntfy: a push message to everybody subscribed to a topic (https://docs.ntfy.sh/publish/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.errors import Problem
from uptop_leader.messages import CLOSING, URGENT
from uptop_leader.post import Request
from uptop_leader.provider import Provider, url_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

MESSAGE_LIMIT = 4096  # bytes; a longer one becomes an attachment
_HIGH, _DEFAULT = 4, 3


class Ntfy(Provider, tag="ntfy", frozen=True, kw_only=True, omit_defaults=True):
    """Publishes to `topic` of the server `url`; `username` and `password` where it needs them.

    For an access token, leave `username` empty and write the token as `password`. `priority` is 1
    (min) to 5 (max); the default is 4 for a DOWN and 3 for the rest.
    """

    example: ClassVar[str] = 'url: "https://ntfy.example.com", topic: outages'

    secrets: ClassVar[tuple[str, ...]] = ("password",)

    topic: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    url: str = "https://ntfy.sh"
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    username: str = ""
    password: str = ""

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, half of a login."""
        yield from url_problems("url", self.url)
        if self.username and not self.password:
            yield Problem("password", "is needed with a username")

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """Publish as JSON, because headers carry no UTF-8."""
        usual = _HIGH if message.event in URGENT else _DEFAULT
        body = {
            "topic": self.topic,
            "title": rendered.title,
            "message": _bytes_at_most(rendered.body or rendered.title, MESSAGE_LIMIT),
            "priority": self.priority or usual,
            "tags": ["white_check_mark" if message.event in CLOSING else "warning"],
        }
        if message.url:
            body["click"] = message.url
        auth = (self.username, self.password) if self.password else None
        await self.post(http, Request(url=self.url, body=body, auth=auth))


def _bytes_at_most(text: str, limit: int) -> str:
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - len("…".encode())].decode(errors="ignore") + "…"
