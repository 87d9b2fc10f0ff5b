"""Asking a SOCKS5 proxy for a connection (RFC 1928, with the credentials of RFC 1929).

The name goes to the proxy as it is: who resolves it is the proxy, as behind an HTTP proxy.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.targets import parse_host

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from uptop_core.prober.proxies import Proxy

_VERSION, _CONNECT, _IPV4, _NAME, _IPV6 = 5, 1, 1, 3, 4
_OPEN, _BY_PASSWORD = 0, 2
_SAID = {
    1: "failed",
    2: "does not allow this connection",
    3: "cannot reach the target's network",
    4: "cannot reach the target",
    5: "was refused by the target",
    6: "had no answer from the target in time",
    7: "does not connect",
    8: "does not take this kind of address",
}


async def connect_by_socks(stream: ByteStream, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy at the other end of `stream` connect it to `host`:`port`.

    Raises CheckFailed(PROXY_ERROR) when it does not, or does not speak SOCKS5; what is wrong with
    the connection itself is raised as anyio does.
    """
    methods = bytes([_OPEN, _BY_PASSWORD] if proxy.username else [_OPEN])
    await stream.send(bytes([_VERSION, len(methods)]) + methods)
    version, method = await _exactly(stream, 2)
    if version != _VERSION:
        raise _failed("does not speak SOCKS5")
    if method not in methods:
        wanted = "takes other credentials" if proxy.username else "wants credentials"
        raise _failed(wanted)
    if method == _BY_PASSWORD:
        await _log_in(stream, proxy)
    await stream.send(bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2))
    version, said, _, kind = await _exactly(stream, 4)
    if version != _VERSION:
        raise _failed("does not speak SOCKS5")
    if said:
        raise _failed(_SAID.get(said, f"failed with code {said}"))
    await _skip_address(stream, kind)


async def _log_in(stream: ByteStream, proxy: Proxy) -> None:
    name, password = proxy.username.encode(), proxy.password.encode()
    await stream.send(bytes([1, len(name)]) + name + bytes([len(password)]) + password)
    _, said = await _exactly(stream, 2)
    if said:
        raise _failed("does not take the credentials")


def _address(host: str) -> bytes:
    address = parse_host(host)
    if address is None:
        return bytes([_NAME, len(host)]) + host.encode("ascii")
    return bytes([_IPV6 if isinstance(address, IPv6Address) else _IPV4]) + address.packed


async def _skip_address(stream: ByteStream, kind: int) -> None:
    """Read over the address that the proxy connected from, and its port."""
    if kind == _NAME:
        (length,) = await _exactly(stream, 1)
    elif kind in (_IPV4, _IPV6):
        length = 4 if kind == _IPV4 else 16
    else:
        raise _failed("does not speak SOCKS5")
    await _exactly(stream, length + 2)


async def _exactly(stream: ByteStream, length: int) -> bytes:
    """So many bytes, and not one more: what comes after them is the target's."""
    data = b""
    while len(data) < length:
        try:
            data += await stream.receive(length - len(data))
        except anyio.EndOfStream:
            raise _failed("closed the connection") from None
    return data


def _failed(what: str) -> CheckFailed:
    return CheckFailed(Reason.PROXY_ERROR, f"the proxy {what}")
