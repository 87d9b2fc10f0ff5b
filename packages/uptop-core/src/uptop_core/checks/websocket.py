"""websocket: up means that the handshake succeeds, and the expected message comes, if there is one."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import CheckFailed, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import IpVersion, WarningDays, host_of, origin_of
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.dialogue import Dialogue
    from uptop_core.prober.urls import Url

_SUBPROTOCOL = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
_SHOWN = 80  # characters of a message


class WebsocketCheck(Check, tag="websocket", frozen=True, kw_only=True, omit_defaults=True):
    """Shakes hands with a `ws://` or `wss://` URL; sends the text `send`; awaits `expect`.

    `expect` is a text that a message must contain within the timeout; earlier messages are
    skipped, and pings are answered. `subprotocol` is one that the target must accept. `ignore_tls`
    does not verify the certificate. `expiry_threshold` warns that many days before the certificate
    ends; 0 never warns. Redirects are not followed. `ip_version` 4 or 6 uses only addresses of
    that version; 0 uses both, and the one that answers first.

    Conditions can use the status (101), the headers, and as body the message that contained
    `expect`.
    """

    example: ClassVar[str] = 'url: "wss://live.example.com/socket", send: ping, expect: pong'

    secrets: ClassVar[tuple[str, ...]] = ("headers",)

    url: str
    headers: dict[str, str] = {}
    subprotocol: Annotated[str, Meta(max_length=100)] = ""
    send: str = ""
    expect: str = ""
    ignore_tls: bool = False
    expiry_threshold: WarningDays = 7
    ip_version: IpVersion = 0

    def host(self) -> str | None:
        """The host of the URL; None when the URL names none."""
        return host_of(self.url)

    def told(self) -> tuple[str | None, ...]:
        """The target's origin."""
        return (origin_of(self.url),)

    def certificate_warning_days(self) -> int | None:
        """As `expiry_threshold` says."""
        return self.expiry_threshold or None

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, headers that cannot be sent."""
        from uptop_core.prober.headers import header_problems
        from uptop_core.prober.websocket import OURS
        from uptop_core.targets import host_problem

        try:
            if (wrong := host_problem(_parse(self.url).host, self.ip_version)) is not None:
                yield Problem("url", f"its host {wrong}")
        except CheckFailed as error:
            yield Problem("url", error.detail)
        except ValueError as error:
            yield Problem("url", str(error))
        for wrong in header_problems(self.headers, OURS, "belongs to the handshake"):
            yield Problem("headers", wrong)
        if not _SUBPROTOCOL.fullmatch(self.subprotocol):
            yield Problem("subprotocol", "must be one name, without spaces and commas")

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import dialogue, websocket  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Shake hands, and go as far as asked."""
        from uptop_core.prober import websocket
        from uptop_core.prober.dialogue import dialogue

        try:
            url = _parse(self.url)
        except ValueError as error:
            # Refused when it was written; a script may come here without having asked.
            raise CheckFailed(Reason.INTERNAL_ERROR, f"url: {error}") from error
        async with dialogue(look, url.host, url.port, self.ip_version) as talk:
            if url.scheme == "https":
                await talk.secure(
                    look, url.host, url.port, ignore_tls=self.ignore_tls, alpn=("http/1.1",)
                )
            talk.listen(look)
            await websocket.shake_hands(look, talk, url, self.headers, self.subprotocol)
            if self.send:
                await websocket.send_text(talk, self.send)
            if self.expect:
                await self._await(look, talk)
            talk.end(look)
            await websocket.leave(talk)

    async def _await(self, look: Look, talk: Dialogue) -> None:
        from uptop_core.prober import websocket

        wanted = self.expect.encode()
        look.when_cut_off = partial(self._cut_off, look)
        while True:
            try:
                look.body = await websocket.message(talk)
            except CheckFailed as error:
                what = f'expected "{escape(self.expect, _SHOWN)}", but {error.detail}'
                raise CheckFailed(error.reason, what) from error
            if wanted in look.body:
                return

    def _cut_off(self, look: Look) -> tuple[Reason, str]:
        what = f'expected "{escape(self.expect, _SHOWN)}", not within {look.timeout_s:g} s'
        if not look.body:
            return Reason.TIMEOUT, f"{what}, found no message"
        return Reason.UNEXPECTED_ANSWER, f'{what}, found "{escape(look.body, _SHOWN)}"'


def _parse(text: str) -> Url:
    """The URL in the form of http, whose ports and rules it shares (RFC 6455, section 3).

    Raises as `parse_url` does.
    """
    from uptop_core.prober.urls import parse_url

    scheme, separator, rest = text.strip(" ").partition("://")
    if not separator or scheme.lower() not in ("ws", "wss"):
        raise ValueError("must begin with ws:// or wss://")
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0]:
        raise ValueError("must not contain user:password@; use headers")
    return parse_url(("https://" if scheme.lower() == "wss" else "http://") + rest)
