"""telegram: a message from a bot to a chat (https://core.telegram.org/bots/api#sendmessage)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from uptop_core.errors import Problem
from uptop_leader.messages import clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, endpoint, url_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

TEXT_LIMIT = 4096


class Telegram(Provider, tag="telegram", frozen=True, kw_only=True, omit_defaults=True):
    """Sends with the bot's `token` to `chat_id`: a number, or `@name` of a public channel."""

    example: ClassVar[str] = 'token: "${TELEGRAM_TOKEN}", chat_id: "-1001234567890"'

    secrets: ClassVar[tuple[str, ...]] = ("token",)

    token: str
    chat_id: int | str
    api_url: str = "https://api.telegram.org"

    def problems(self) -> Iterator[Problem]:
        """A token that is none, an empty chat, a URL that cannot be asked."""
        if not re.fullmatch(r"[A-Za-z0-9:_-]+", self.token):
            yield Problem("token", "must be a bot's token: digits, a colon, letters and digits")
        if not str(self.chat_id).strip():
            yield Problem("chat_id", "must not be empty")
        yield from url_problems("api_url", self.api_url)

    async def send(
        self,
        message: Message,  # noqa: ARG002  every provider's signature
        rendered: Rendered,
        http: Http,
    ) -> None:
        """Plain text without a parse mode, so that nothing in it is read as markup."""
        body = {
            "chat_id": self.chat_id,
            "text": clip(f"{rendered.title}\n{rendered.body}".strip(), TEXT_LIMIT),
            "link_preview_options": {"is_disabled": True},
        }
        url = endpoint(self.api_url, f"/bot{self.token}/sendMessage")
        await self.post(http, Request(url=url, body=body))
