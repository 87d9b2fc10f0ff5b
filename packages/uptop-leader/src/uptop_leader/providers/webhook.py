"""webhook: the message as JSON to a URL of your own.

The body holds the fields of `Message` and the `title` and `body` in words. `Idempotency-Key` is the
same whenever the same notification is sent again (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from uptop_core.errors import Problem
from uptop_leader.post import Request
from uptop_leader.provider import Provider, url_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, 5.6.2
_OURS = frozenset({"content-length", "host", "idempotency-key", "transfer-encoding"})


class Webhook(Provider, tag="webhook", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to `url` by `method`, with further `headers`."""

    example: ClassVar[str] = 'url: "https://hooks.example.com/uptop?key=${HOOK_KEY}"'

    secrets: ClassVar[tuple[str, ...]] = ("url", "headers")
    idempotent: ClassVar[bool] = True
    quotes: ClassVar[bool] = False  # nobody knows what a receiver like this puts into its answers

    url: str
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: dict[str, str] = {}

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, headers that cannot be sent."""
        yield from url_problems("url", self.url)
        for name, value in self.headers.items():
            if not _NAME.fullmatch(name):
                yield Problem("headers", f"{name!r} is not the name of a header")
            elif name.lower() in _OURS:
                yield Problem("headers", f"{name} is set by uptop itself")
            elif not (value.isascii() and (value.isprintable() or not value)):
                yield Problem("headers", f"{name} has characters other than printable ASCII")

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """One request; any answer 2xx means that it was taken."""
        body = {**msgspec.structs.asdict(message), "title": rendered.title, "body": rendered.body}
        headers = {**self.headers, "Idempotency-Key": message.key}
        await self.post(http, Request(url=self.url, method=self.method, headers=headers, body=body))
