"""Asking DNS servers in turn: UDP, TCP when the answer was cut short, no cache.

An outage of DNS is seen when it begins and when it ends, since nothing is remembered.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.dns_message import Question
from uptop_core.prober.dns_rdata import Unreadable
from uptop_core.prober.dns_records import Server, parse_server
from uptop_core.prober.dns_socket import no_server, unreadable
from uptop_core.prober.os_errors import connect_failure, stream_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.looks import Look
    from uptop_core.prober.dns_message import Answer

_ASK_ANOTHER = ("SERVFAIL", "REFUSED", "NOTIMP")
_MOST_SERVERS = 3  # as many as the system's own resolver asks

# Pure, and the same for each look at a monitor.
make_question = lru_cache(maxsize=2048)(Question)
written_server = lru_cache(maxsize=256)(parse_server)


def system_servers(resolv_conf: str = "/etc/resolv.conf") -> list[Server]:
    """The servers this system asks, read anew. Raises CheckFailed(DNS_ERROR) if it names none."""
    try:
        lines = Path(resolv_conf).read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    servers: list[Server] = []
    for line in lines:
        keyword, *words = line.split()[:2] or [""]
        if keyword == "nameserver" and words:
            try:
                servers.append(Server(ip_address(words[0])))
            except ValueError:
                continue  # the system passes over it too
    if not servers:
        raise CheckFailed(Reason.DNS_ERROR, "this node has no DNS server configured")
    return servers[:_MOST_SERVERS]


async def ask(look: Look, question: Question, servers: Sequence[Server]) -> Answer:
    """The answer of the first of `servers` that gives one, or else what one said that could not:
    the system's own resolver goes on to the next then, too. Each but the last has its share of the
    time. Sets `look.address`. Raises CheckFailed when the last one cannot be asked.
    """
    share_s = look.timeout_s / len(servers)
    refused: Answer | None = None
    for place, server in enumerate(servers):
        is_last = place == len(servers) - 1 and refused is None
        try:
            answer = await _ask_one(look, question, server, None if is_last else share_s)
        except CheckFailed:
            if is_last:
                raise
            continue
        if answer is not None and answer.code not in _ASK_ANOTHER:
            return answer
        refused = refused or answer
    if refused is None:
        raise CheckFailed(*look.cut_off())
    return refused


async def _ask_one(
    look: Look, question: Question, server: Server, patience_s: float | None
) -> Answer | None:
    look.address = str(server.address)
    told = await look.sockets.questions(server).ask(question, patience_s)
    if told is not None and told[0].knows_no_edns:
        told = await look.sockets.questions(server).ask(question, patience_s, edns=False)
    if told is None:
        return None
    answer, came_ns = told
    if answer.truncated:
        return await _over_tcp(question, server, patience_s)
    look.enter(None, came_ns)
    return answer


async def _over_tcp(question: Question, server: Server, patience_s: float | None) -> Answer | None:
    import os

    import anyio
    from anyio.streams.buffered import BufferedByteReceiveStream

    lost = (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)
    wire = question.packet(int.from_bytes(os.urandom(2), "big"))
    with anyio.move_on_after(patience_s):
        try:
            stream = await anyio.connect_tcp(str(server.address), server.port)
        except OSError as error:
            raise no_server(connect_failure(error, f"the DNS server {server} over TCP")) from error
        try:
            async with stream:
                await stream.send(len(wire).to_bytes(2, "big") + wire)
                reader = BufferedByteReceiveStream(stream)
                size = int.from_bytes(await reader.receive_exactly(2), "big")
                told = await reader.receive_exactly(size)
        except lost as error:
            raise no_server(stream_failure(error, "before its answer was complete")) from error
        return _read(question, wire, told, server)
    return None


def _read(question: Question, asked: bytes, told: bytes, server: Server) -> Answer:
    try:
        if told[:2] == asked[:2] and question.is_answered_by(told):
            answer = question.read(told)
            if not answer.truncated:
                return answer
    except Unreadable:
        pass
    raise unreadable(server)
