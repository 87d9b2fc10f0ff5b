"""Asking a time server (RFC 5905) once: what it says of itself, and how far this clock is from its.

A lost datagram is asked again. Requests carry random bits instead of this node's time, which an
answer must repeat: so nobody who does not see them can answer.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.os_errors import connect_failure
from uptop_core.prober.stamps import SPACE, arrived_ns, stamp_what_comes

if TYPE_CHECKING:
    from uptop_core.targets import Address

RESEND_S = 1.0
UNSYNCHRONISED = 16  # the stratum of a server that does not know the time

_REQUEST = bytes([4 << 3 | 3]) + bytes(
    39
)  # version 4, a client; what follows is the time of sending
_PACKET = struct.Struct("!BBbb II4s Q8sQQ")
_SERVER = 4  # the mode of an answer
_NO_TIME = 3  # the leap indicator of a server that does not know the time
_KISSES = (b"DENY", b"RSTR", b"RATE")  # those of a "kiss of death" that are about us (section 7.4)
_TO_UNIX_S = 2_208_988_800  # from 1900 to 1970
_ERA_S = 1 << 32
_SECOND_NS = 1_000_000_000


class TimeAnswer(Struct, frozen=True, kw_only=True):
    """What a server said. `offset_ns` is by how much its clock is ahead of this node's, `trip_ns`
    how long the way there and back took, `came_ns` when the answer did (time.perf_counter_ns).
    `root_ns` is how far off, at most, the server believes to be. `reference` names its source.
    """

    stratum: int
    reference: str
    offset_ns: int
    trip_ns: int
    root_ns: int
    came_ns: int


async def ask_time(address: Address, port: int) -> TimeAnswer:
    """The answer of a server that knows the time. `address` has been vetted.

    Raises CheckFailed: UNEXPECTED_ANSWER when it refuses, or says that it does not know the time;
    INTERNAL_ERROR when it has been asked too often, which says nothing about it.
    """
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            stamp_what_comes(sock)
            # Connected, so that the kernel drops what comes from elsewhere and tells of refusals.
            sock.connect((str(address), port))
            sent: dict[bytes, tuple[int, int]] = {}
            while True:
                nonce = os.urandom(8)
                sent[nonce] = time.perf_counter_ns(), time.time_ns()
                sock.send(_REQUEST + nonce)
                with anyio.move_on_after(RESEND_S):
                    return await _answer(sock, sent)
    except OSError as error:
        host = f"[{address}]" if address.version == 6 else str(address)
        raise connect_failure(error, f"{host}:{port}") from error


async def _answer(sock: socket.socket, sent: dict[bytes, tuple[int, int]]) -> TimeAnswer:
    while True:
        await anyio.wait_readable(sock)
        try:
            data, told, _, _ = sock.recvmsg(1024, SPACE)
        except BlockingIOError:
            continue
        asked = sent.get(data[24:32])
        if asked is not None:  # else it is somebody's guess
            return read_answer(data, *asked, arrived_ns(told, asked[0]))


def read_answer(data: bytes, asked_ns: int, asked_at_ns: int, came_ns: int) -> TimeAnswer:
    """What `data` says. It was asked for at `asked_ns` and came at `came_ns`, both by
    time.perf_counter_ns; `asked_at_ns` is the former in Unix time. Pure. Raises as `ask_time`.
    """
    if len(data) < _PACKET.size:
        raise CheckFailed(Reason.PROTOCOL_ERROR, "the answer is too short for one of NTP")
    first, stratum, _, _, delay, dispersion, reference, _, _, received, transmitted = (
        _PACKET.unpack_from(data)
    )
    if first & 7 != _SERVER:
        raise CheckFailed(Reason.PROTOCOL_ERROR, "the answer is not that of an NTP server")
    if stratum == 0 and reference in _KISSES:
        raise _refused(reference.decode())
    if first >> 6 == _NO_TIME or not 0 < stratum < UNSYNCHRONISED or not transmitted:
        code = escape(reference, 20) if reference.isalpha() else ""  # such as INIT, STEP
        what = "the server says that its clock is not synchronised" + (f" ({code})" if code else "")
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
    there_ns = _ahead_ns(received, asked_at_ns)
    back_ns = _ahead_ns(transmitted, asked_at_ns + came_ns - asked_ns)
    return TimeAnswer(
        stratum=stratum,
        reference=_source(stratum, reference),
        offset_ns=(there_ns + back_ns) // 2,
        trip_ns=there_ns - back_ns,
        root_ns=(delay // 2 + dispersion) * _SECOND_NS >> 16,
        came_ns=came_ns,
    )


def _refused(code: str) -> CheckFailed:
    """A server that has been asked too often says nothing of itself by that."""
    if code == "RATE":
        what = "nothing is known of the server: it asks to be asked less often (RATE)"
        return CheckFailed(Reason.INTERNAL_ERROR, what)
    return CheckFailed(Reason.UNEXPECTED_ANSWER, f"the server refuses to answer us ({code})")


def _ahead_ns(stamp: int, unix_ns: int) -> int:
    """By how much the `stamp` of a server is ahead of a moment here.

    Stamps do not say in which era of 136 years they are (section 6): it is the one nearest to us.
    """
    ours = (unix_ns << 32) // _SECOND_NS + (_TO_UNIX_S << 32)
    half = _ERA_S << 31
    apart = (stamp - ours + half) % (2 * half) - half
    return apart * _SECOND_NS >> 32


def _source(stratum: int, reference: bytes) -> str:
    """A first server names its clock ("GPS"), others the address of theirs (figure 12)."""
    if stratum == 1:
        return escape(reference.rstrip(b"\0"), 20)
    return ".".join(str(byte) for byte in reference)
