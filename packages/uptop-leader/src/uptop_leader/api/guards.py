"""What stands before every handler: a look at the request's form, a time limit, headers for browsers,
and a net for bugs.
"""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect

from uptop_core import logs
from uptop_leader.api.problems import internal, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("uptop.api")

ANSWER_S = 30.0  # longer than any long poll
PIECE = 64 * 1024
"""Bytes of an answer that are handed over at once: TLS keeps all of it for who takes it slowly."""
SLOWEST = 2048  # bytes a second: as long as that a long answer may take
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


# RFC 3986, 3.2.2 and 3.2.3: a name, an IPv4 or IPv6 address, and perhaps a port. Some clients send
# the zone of an IPv6 address along (RFC 6874), which is none of ours.
_HOST = re.compile(
    rb"([A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._~%-]+)?\])(:[0-9]{0,5})?"
)


class Guards:
    """ASGI middleware around the whole surface; answers problem+json where a handler could not."""

    def __init__(self, app: ASGIApp, answer_s: float = ANSWER_S) -> None:
        self._app = app
        self._answer_s = answer_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the rest of the app under the guards."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outgoing = _Outgoing(send)
        if (wrong := _malformed(scope)) is not None:
            answer = problem(400, "malformed", wrong, headers={"Connection": "close"})
            await answer(scope, receive, outgoing)
            return
        try:
            with anyio.fail_after(self._answer_s) as limit:
                outgoing.limit = limit
                await self._app(scope, receive, outgoing)
        except ClientDisconnect:
            return
        except TimeoutError:
            if outgoing.begun:  # it is taken too slowly
                return
            logs.event(log, logging.WARNING, "no answer in time", **_request(scope))
            answer = problem(503, "timeout", "there was no answer in time: try again later")
        except Exception:  # the net: whatever it is, the client gets no traceback
            log.exception("a bug while answering", extra={"fields": _request(scope)})
            answer = internal()
        else:
            return
        if not outgoing.begun:
            await answer(scope, receive, outgoing)


class _Outgoing:
    """Passes an answer on with the headers every answer has, and knows whether it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.limit: anyio.CancelScope | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _EVERYWHERE.items():
                headers.setdefault(name, value)
            is_endless = headers.get("content-type", "").startswith("text/event-stream")
            if is_endless and self.limit is not None:
                self.limit.deadline = math.inf  # it goes on for as long as somebody listens
        elif len(message.get("body", b"")) > PIECE:
            await self._by_pieces(message)
            return
        await self._send(message)

    async def _by_pieces(self, message: Message) -> None:
        """Pass a long body on, each piece when the one before it was taken."""
        body: bytes = message["body"]
        if self.limit is not None:
            self.limit.deadline += len(body) / SLOWEST
        last = (len(body) - 1) // PIECE * PIECE
        for start in range(0, last, PIECE):
            piece = body[start : start + PIECE]
            await self._send({"type": message["type"], "body": piece, "more_body": True})
        await self._send({**message, "body": body[last:]})


def _malformed(scope: Scope) -> str | None:
    """What is wrong with the form of a request, which servers in a row may read each in its way."""
    if scope["http_version"] not in ("1.0", "1.1"):
        return "this is no request of HTTP/1.1"
    codings = [value.lower() for name, value in scope["headers"] if name == b"transfer-encoding"]
    if codings not in ([], [b"chunked"]):
        return "the only Transfer-Encoding that is taken is chunked"
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1 or (not hosts and scope["http_version"] != "1.0"):
        return "there must be one Host header"  # RFC 9112, 3.2
    if hosts and not _HOST.fullmatch(hosts[0]):
        return "the Host header must be a name or an address, and perhaps a port"
    if not scope["query_string"].isascii():
        return "what is not ASCII in a query must be percent-encoded"
    return None


def _request(scope: Scope) -> dict[str, str]:
    """The request for the log, without what may be a token."""
    path: str = scope["path"]
    shown = "/api/push" if path.startswith("/api/push") else path
    return {"method": scope["method"], "path": shown}
