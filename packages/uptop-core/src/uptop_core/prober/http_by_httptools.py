"""http by our own engine: one request over one connection, read by httptools.

It exists because checks are what this project does all day: a client for every purpose costs ten
times the CPU, and reports the moment at which a busy loop got round to an answer as its latency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from uptop_core.looks import Phase
from uptop_core.prober.connect import connect
from uptop_core.prober.http_answer import Answer
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.resolve import resolve
from uptop_core.prober.tls import handshake

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from uptop_core.looks import Look
    from uptop_core.prober.http import Request, Response
    from uptop_core.prober.streams import Stream

_FIRST_BYTE, _TRANSFER = Phase.FIRST_BYTE, Phase.TRANSFER
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError)


async def exchange(look: Look, request: Request) -> Response:
    """Ask once and read the answer. Raises CheckFailed when there is none that can be read."""
    url = request.url
    request.packet  # noqa: B018  what cannot be sent is found before anybody is bothered
    addresses = await resolve(look, url.host, url.port, request.ip_version)
    connection = await connect(look, addresses, url.port)
    try:
        stream: ByteStream = connection
        if url.scheme == "https":
            stream = await handshake(
                look, connection, url.host, url.port, verify=request.verify, alpn=("http/1.1",)
            )
        look.enter(_FIRST_BYTE)
        try:
            await stream.send(request.packet)
        except _BROKEN:
            pass  # a server may answer and close before it has read the whole request
        return await _answer(look, connection, stream, Answer(to_head=request.method == "HEAD"))
    finally:
        connection.close()


async def _answer(look: Look, connection: Stream, stream: ByteStream, answer: Answer) -> Response:
    try:
        while not answer.is_whole:
            try:
                data = await stream.receive()
            except anyio.EndOfStream:
                answer.end()
                break
            except _BROKEN as error:
                when = "while answering" if answer.has_begun else "before it answered"
                raise stream_failure(error, when) from error
            if not answer.has_begun:
                look.enter(_TRANSFER, connection.arrived_ns)
            answer.feed(data)
    finally:
        answer.let_go()
    look.enter(None, connection.arrived_ns)
    return answer.response()
