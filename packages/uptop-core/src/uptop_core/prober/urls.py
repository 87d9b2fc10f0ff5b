"""A URL taken apart, strictly: what cannot be asked is refused with a sentence."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.targets import ascii_name, host_problem, parse_host

_PORTS = {"http": 80, "https": 443}
_AS_THEY_ARE = "%/:?#[]@!$&'()*+,;=-._~|{}^"  # what stands in a target unquoted
_NOT_IN_URLS = re.compile(r"[\x00-\x1f\x7f]")


class Url(Struct, frozen=True):
    """`host` is ASCII (an address without brackets); `target` is path and query, ASCII too."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials belong to."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(text: str) -> Url:
    """The parts of an http or https URL; the fragment is dropped.

    Raises ValueError with a sentence that says what is allowed and repeats no secret, and
    CheckFailed(BLOCKED_TARGET) for a host that is a number in disguise.
    """
    if _NOT_IN_URLS.search(text):
        raise ValueError("a URL has no control characters")
    try:
        parts = urlsplit(text.strip(" "))
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not a URL: {escape(str(error), 100)}") from error
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not contain user:password@; use username and password")
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("port 0 cannot be connected to; allowed are 1 to 65535")
    address = parse_host(parts.hostname)
    host = ascii_name(parts.hostname) if address is None else str(address)
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ValueError("an address in a URL has no zone")
    query = f"?{parts.query}" if parts.query else ""
    target = quote((parts.path or "/") + query, safe=_AS_THEY_ARE)
    return Url(parts.scheme, host, port or _PORTS[parts.scheme], target)


def joined(base: Url, location: str) -> Url:
    """Where a Location header leads from `base`. Raises as `parse_url` does."""
    try:
        there = urljoin(str(base), location)
    except ValueError as error:
        raise ValueError(f"not a URL: {escape(str(error), 100)}") from error
    return parse_url(there)


def url_problem(text: str, ip_version: int = 0) -> str | None:
    """What is wrong with a URL as a person wrote it; None when it can be asked, by `ip_version` 4
    or 6 if one is given.
    """
    try:
        wrong = host_problem(parse_url(text).host, ip_version)
    except CheckFailed as error:
        return error.detail
    except ValueError as error:
        return str(error)
    return None if wrong is None else f"its host {wrong}"
