"""discord: a message in a channel, through a webhook of that channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uptop_leader.messages import clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, url_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

CONTENT_LIMIT = 2000
_SUPPRESS_EMBEDS = 1 << 2  # links in the text are not fetched and previewed


class Discord(Provider, tag="discord", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to the webhook `url` that Discord shows under Integrations."""

    example: ClassVar[str] = 'url: "https://discord.com/api/webhooks/${DISCORD_HOOK}"'

    secrets: ClassVar[tuple[str, ...]] = ("url",)

    url: str

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked."""
        yield from url_problems("url", self.url)

    async def send(
        self,
        message: Message,  # noqa: ARG002  every provider's signature
        rendered: Rendered,
        http: Http,
    ) -> None:
        """Plain content, as phones show it in full; nobody is mentioned by what a target says."""
        body = {
            "content": clip(f"**{rendered.title}**\n{rendered.body}", CONTENT_LIMIT),
            "allowed_mentions": {"parse": []},
            "flags": _SUPPRESS_EMBEDS,
        }
        await self.post(http, Request(url=self.url, body=body))
