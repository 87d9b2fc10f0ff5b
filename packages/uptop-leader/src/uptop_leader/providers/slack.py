"""slack: a message through an incoming webhook of Slack, or of a service that accepts the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from uptop_leader.messages import clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, url_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

TEXT_LIMIT = 3000  # Slack cuts at 40 000 and asks for fewer than 4 000
# Slack itself mentions only by <!everyone>; Mattermost and others also by the bare word.
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)


class Slack(Provider, tag="slack", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to the incoming webhook `url`."""

    example: ClassVar[str] = 'url: "https://hooks.slack.com/services/${SLACK_HOOK}"'

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
        """The title in bold, the body below it; the control characters of mrkdwn are escaped."""
        title = _escaped(rendered.title)
        text = f"*{title}*\n{_escaped(clip(rendered.body, TEXT_LIMIT))}"
        body = {"text": text, "unfurl_links": False, "unfurl_media": False}
        await self.post(http, Request(url=self.url, body=body))


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u200b", text)
