"""The beginning of SSH (RFC 4253), as far as a server shows who it is: its banner and its host key.

A key exchange is begun and not ended, since the host key comes in the first answer of the server.
So no cryptography is needed here; nor is it proved that the server has the private key to the one it
shows, for which the exchange would have to be ended.
"""

from __future__ import annotations

import base64
import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.dialogue import sample, strange
from uptop_core.prober.ssh_exchanges import BY_GROUP, EXCHANGES, below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.prober.dialogue import Dialogue

KEY_TYPES: dict[str, tuple[str, ...]] = {
    "ed25519": ("ssh-ed25519",),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
}
"""The algorithms of each type of host key, those that are asked for first in front."""

_DISCONNECT, _IGNORE, _DEBUG, _KEXINIT, _KEX_FIRST, _KEX_REPLY = 1, 2, 4, 20, 30, 31
_GROUP_REQUEST, _GROUP, _GROUP_INIT, _GROUP_REPLY = 34, 31, 32, 33
_GROUP_BITS = (2048, 3072, 8192)  # at least, better, at most
_BY_APPLICATION = 11
_PACKET_LIMIT = 64 * 1024  # section 6.1 wants 35 000 at least
_MOST_LINES = 50  # before the banner
_MOST_PACKETS = 20  # before the answer that is awaited
# What would follow is never used, but both sides must find something in common.
_CIPHERS = (
    "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com", "aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc",
)  # fmt: skip
_MACS = (
    "hmac-sha2-256", "hmac-sha2-512", "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com", "umac-64@openssh.com", "umac-64-etm@openssh.com",
    "umac-128@openssh.com", "umac-128-etm@openssh.com", "hmac-sha1", "hmac-sha1-etm@openssh.com",
    "hmac-sha1-96", "hmac-md5",
)  # fmt: skip
_COMPRESSIONS = ("none", "zlib@openssh.com", "zlib")


class HostKey(Struct, frozen=True):
    """The key that a server shows: its type, and its fingerprint as `ssh-keygen -l` writes it."""

    type: str
    fingerprint: str


async def greet(talk: Dialogue) -> str:
    """The banner of the server (section 4.2); ours is sent. Raises CheckFailed if it is none, with
    what came instead: a server that has too many guests says so in a line of its own.
    """
    await talk.send(b"SSH-2.0-uptop\r\n")
    said: list[bytes] = []
    while len(said) < _MOST_LINES:
        try:
            line = await talk.line()
        except CheckFailed as error:
            if not said:
                raise
            what = f'"{sample(said[0])}", then the end of the connection'
            what = f"expected the banner of an SSH server, found {what}"
            raise CheckFailed(error.reason, what) from error
        if line.startswith(b"SSH-"):
            if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                raise strange("the target speaks an SSH that is too old", line)
            return escape(line, 255)
        said.append(line)
    raise strange("not the banner of an SSH server", said[0])


async def read_host_key(talk: Dialogue, algorithms: Sequence[str]) -> HostKey:
    """The host key that the server shows when `algorithms` are asked for, the first it has.

    Raises CheckFailed: UNEXPECTED_ANSWER when it has none of them, PROTOCOL_ERROR for what is no SSH.
    """
    await _send(talk, _our_offer(algorithms))
    offer = _Reader(await _packet(talk, _KEXINIT))
    offer.take(16)  # the cookie
    exchanges, keys = offer.names(), offer.names()
    if not set(keys) & set(algorithms):
        what = f"the server has no such host key; it offers {escape(', '.join(keys), 150)}"
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
    exchange = next((one for one in (*EXCHANGES, *BY_GROUP) if one in exchanges), None)
    if exchange is None:
        what = f"no key exchange in common; the server offers {escape(', '.join(exchanges), 150)}"
        raise CheckFailed(Reason.PROTOCOL_ERROR, what)
    if exchange in BY_GROUP:
        answer = await _exchange_by_group(talk)
    else:
        await _send(talk, bytes([_KEX_FIRST]) + _string(EXCHANGES[exchange]()))
        answer = await _packet(talk, _KEX_REPLY)
    key = _Reader(answer).string()
    digest = base64.b64encode(hashlib.sha256(key).digest()).rstrip(b"=")
    return HostKey(escape(_Reader(key).string(), 40), f"SHA256:{digest.decode()}")


async def _exchange_by_group(talk: Dialogue) -> bytes:
    wishes = b"".join(bits.to_bytes(4) for bits in _GROUP_BITS)
    await _send(talk, bytes([_GROUP_REQUEST]) + wishes)
    prime = _Reader(await _packet(talk, _GROUP)).string()
    await _send(talk, bytes([_GROUP_INIT]) + _string(below(len(prime.lstrip(b"\0")))))
    return await _packet(talk, _GROUP_REPLY)


async def leave(talk: Dialogue) -> None:
    """Say that we go, so that the server does not log a lost connection."""
    farewell = bytes([_DISCONNECT]) + _BY_APPLICATION.to_bytes(4) + _string(b"seen") + _string(b"")
    with suppress(CheckFailed):  # all there was to learn is known
        await _send(talk, farewell)


def _our_offer(algorithms: Sequence[str]) -> bytes:
    lists = (
        (*EXCHANGES, *BY_GROUP), algorithms, _CIPHERS, _CIPHERS, _MACS, _MACS,
        _COMPRESSIONS, _COMPRESSIONS, (), (),
    )  # fmt: skip
    named = b"".join(_string(",".join(names).encode()) for names in lists)
    return bytes([_KEXINIT]) + os.urandom(16) + named + bytes(5)


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


async def _send(talk: Dialogue, payload: bytes) -> None:
    """One packet of the time before there is encryption (section 6)."""
    padding = 8 - (len(payload) + 5) % 8
    if padding < 4:
        padding += 8
    length = (len(payload) + padding + 1).to_bytes(4)
    await talk.send(length + bytes([padding]) + payload + bytes(padding))


async def _packet(talk: Dialogue, wanted: int) -> bytes:
    """The next payload of the kind `wanted`, without its first byte; what may be ignored is."""
    for _ in range(_MOST_PACKETS):
        length = int.from_bytes(await talk.exactly(4))
        if not 12 <= length <= _PACKET_LIMIT:
            raise CheckFailed(Reason.PROTOCOL_ERROR, "not a packet of SSH follows the banner")
        packet = await talk.exactly(length)
        payload = packet[1 : length - packet[0]]
        kind = payload[:1]
        if kind == bytes([wanted]):
            return payload[1:]
        if kind == bytes([_DISCONNECT]):
            said = escape(_Reader(payload[5:]).string(), 120)
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, f'the server disconnects: "{said}"')
        if kind not in (bytes([_IGNORE]), bytes([_DEBUG])):
            break
    raise CheckFailed(Reason.PROTOCOL_ERROR, "the server does not exchange keys as SSH does")


class _Reader:
    """Takes a payload apart. Raises CheckFailed(PROTOCOL_ERROR) at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise CheckFailed(Reason.PROTOCOL_ERROR, "a packet of the server is cut short")
        self._at += count
        return taken

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4)))

    def names(self) -> list[str]:
        return self.string().decode("ascii", "replace").split(",")
