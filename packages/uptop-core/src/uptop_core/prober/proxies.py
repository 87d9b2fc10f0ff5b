"""The proxy of a check, as a person wrote it: taken apart, strictly. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.targets import ascii_name, parse_host

_SCHEMES = ("http", "https", "socks5")
_FORM = "write it as http://name:port, https://name:port or socks5://name:port"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 255  # bytes of a name or password (RFC 1929)


class Proxy(Struct, frozen=True):
    """`host` is ASCII (an address without brackets); `username` is empty where none is needed."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:  # never the credentials
        return f"Proxy({self.scheme}://{self.host}:{self.port})"


def parse_proxy(text: str) -> Proxy:
    """The proxy that `text` names, with the credentials in it.

    Raises ValueError with a sentence that repeats nothing of `text`, which may hold a password, and
    CheckFailed(BLOCKED_TARGET) for a host that is a number in disguise.
    """
    if _CONTROL.search(text):
        raise ValueError("the URL of a proxy has no control characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"not a URL: {_FORM}") from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(_FORM)
    if not port:
        raise ValueError(f"names no port, and programs disagree on the usual one: {_FORM}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"has something after the port: {_FORM}")
    username, password = _credentials(parts)
    return Proxy(parts.scheme, _host(parts.hostname), port, username, password)


def proxy_problem(text: str) -> str | None:
    """What is wrong with a proxy as a person wrote it; None when it can be used."""
    try:
        parse_proxy(text)
    except CheckFailed:
        return "the host is a number that is no IP address: write four decimal numbers, or a name"
    except ValueError as error:
        return str(error)
    return None


def _host(written: str) -> str:
    address = parse_host(written)
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ValueError("an address in a URL has no zone")
    if address is not None:
        return str(address)
    try:
        return ascii_name(written)
    except ValueError:
        raise ValueError(f"names no host: {_FORM}") from None


def _credentials(parts: SplitResult) -> tuple[str, str]:
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and not username:
        raise ValueError("has a password without a user name")
    if _CONTROL.search(username + password) or ":" in username:
        raise ValueError("the credentials must have no control characters, the name no colon")
    if max(len(username.encode()), len(password.encode())) > _LONGEST:
        raise ValueError(f"the name and the password may have {_LONGEST} bytes each")
    if parts.scheme == "socks5" and username and not password:
        raise ValueError("has a user name without a password, which SOCKS5 does not know")
    return username, password
