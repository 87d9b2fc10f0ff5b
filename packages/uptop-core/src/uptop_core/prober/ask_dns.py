"""Asking a DNS server: UDP, TCP when the answer was cut short, no cache.

Only an answer counts that comes from the server's address and port, with the random id and the
question that were sent (RFC 5452). Needs dnspython, for reading and writing messages.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

import anyio
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.resolver
import dns.reversename
from anyio.streams.buffered import BufferedByteReceiveStream
from dns.rdtypes.ANY.TXT import TXT

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.dns_records import Server, comparable
from uptop_core.prober.os_errors import connect_failure, stream_failure
from uptop_core.targets import ascii_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dns.message import Message, QueryMessage
    from dns.rdata import Rdata

    from uptop_core.looks import Look

RESEND_S = 1.0  # a lost datagram must not be an outage
_TCP_LOST = (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)


def make_query(hostname: str, kind: str) -> QueryMessage:
    """A question with a random id. With PTR, an address is asked for under its reverse name."""
    if kind == "PTR" and _is_address(hostname):
        name = dns.name.from_text(str(dns.reversename.from_address(hostname)))
    else:
        name = dns.name.from_text(hostname if hostname.isascii() else ascii_name(hostname))
    return dns.message.make_query(name, kind)


def system_servers(resolv_conf: str = "/etc/resolv.conf") -> list[Server]:
    """The servers this system asks, read anew. Raises CheckFailed(DNS_ERROR) if it names none."""
    with suppress(dns.resolver.NoResolverConfiguration):
        named = dns.resolver.Resolver(filename=resolv_conf).nameservers
        addresses = [one for one in named if isinstance(one, str) and _is_address(one)]
        if addresses:
            return [Server(ip_address(address)) for address in addresses]
    raise CheckFailed(Reason.DNS_ERROR, "this node has no DNS server configured")


async def ask(look: Look, query: QueryMessage, servers: Sequence[Server]) -> Message:
    """The answer of the first of `servers` that gives one; each but the last has its share of the
    time. Sets `look.address`. Raises CheckFailed when the last one cannot be asked.
    """
    for server in servers[:-1]:
        with anyio.move_on_after(look.timeout_s / len(servers)):
            try:
                return await _ask_one(look, query, server)
            except CheckFailed:
                continue  # what the last one says is told
    return await _ask_one(look, query, servers[-1])


def code(answer: Message) -> str:
    """The rcode as people write it."""
    return dns.rcode.to_text(answer.rcode())


def records(answer: Message, kind: str) -> tuple[str, ...]:
    """The records of the type that was asked for, at the end of the chain of CNAMEs, as `comparable`
    writes them. Raises CheckFailed for a chain that leads nowhere.
    """
    if not isinstance(answer, dns.message.QueryMessage):
        raise CheckFailed(
            Reason.PROTOCOL_ERROR, "the DNS server sent something other than an answer"
        )
    try:
        found = answer.resolve_chaining().answer
    except dns.exception.DNSException as error:
        detail = f"the chain of aliases is broken ({type(error).__name__})"
        raise CheckFailed(Reason.PROTOCOL_ERROR, detail) from None
    return tuple(_written(rdata, kind) for rdata in found or ())


def _written(rdata: Rdata, kind: str) -> str:
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    return comparable(rdata.to_text(), kind)


async def _ask_one(look: Look, query: QueryMessage, server: Server) -> Message:
    look.address = str(server.address)
    answer = await _over_udp(query, server)
    if answer.flags & dns.flags.TC:
        answer = await _over_tcp(query, server)
    if answer.errors:
        raise _unreadable(server)
    return answer


async def _over_udp(query: QueryMessage, server: Server) -> Message:
    wire = query.to_wire()
    family = socket.AF_INET6 if server.address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            # Connected, so that the kernel drops what comes from elsewhere and tells of refusals.
            sock.connect((str(server.address), server.port))
            while True:
                with suppress(BlockingIOError):  # a full buffer loses it, as the line may
                    sock.send(wire)
                with anyio.move_on_after(RESEND_S):
                    return await _answer_on(sock, query, server)
    except OSError as error:
        raise _no_server(connect_failure(error, f"the DNS server {server}")) from error


async def _answer_on(sock: socket.socket, query: QueryMessage, server: Server) -> Message:
    """The first datagram that answers `query`; others are somebody's guesses."""
    while True:
        await anyio.wait_readable(sock)
        try:
            wire = sock.recv(65_535)
        except BlockingIOError:
            continue
        answer = _read(query, wire, server)
        if answer is not None:
            return answer


async def _over_tcp(query: QueryMessage, server: Server) -> Message:
    wire = query.to_wire()
    try:
        stream = await anyio.connect_tcp(str(server.address), server.port)
    except OSError as error:
        raise _no_server(connect_failure(error, f"the DNS server {server} over TCP")) from error
    try:
        async with stream:
            await stream.send(len(wire).to_bytes(2, "big") + wire)
            reader = BufferedByteReceiveStream(stream)
            size = int.from_bytes(await reader.receive_exactly(2), "big")
            answer = _read(query, await reader.receive_exactly(size), server)
    except _TCP_LOST as error:
        raise _no_server(stream_failure(error, "before its answer was complete")) from error
    if answer is None:
        raise _unreadable(server)
    return answer


def _read(query: QueryMessage, wire: bytes, server: Server) -> Message | None:
    """The message, or None if it does not answer `query`; `errors` of it are for the caller."""
    if int.from_bytes(wire[:2], "big") != query.id:
        return None
    try:
        answer = dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True)
    except (dns.exception.DNSException, ValueError):
        raise _unreadable(server) from None
    return answer if query.is_response(answer) else None


def _unreadable(server: Server) -> CheckFailed:
    return CheckFailed(Reason.PROTOCOL_ERROR, f"the answer of {server} cannot be read")


def _no_server(failure: CheckFailed) -> CheckFailed:
    """However a DNS server fails to answer, it is a DNS error; our own shortages stay ours."""
    if failure.reason is Reason.INTERNAL_ERROR:
        return failure
    return CheckFailed(Reason.DNS_ERROR, failure.detail)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
