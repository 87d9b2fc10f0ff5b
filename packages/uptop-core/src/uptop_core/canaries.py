"""`UPTOP_CANARIES`: what a node asks beside its targets to see whether its own line works.

A canary is a URL (any answer counts), `host:port` (a connection counts) or a host (an echo counts).
Canaries are checks like any other: the node's own rules of what may be connected to hold for them.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from uptop_core.forms import Form

if TYPE_CHECKING:
    from uptop_core.check import Check

ALLOWED = "a host, host:port, or a URL such as https://host.example"


def canary() -> Form[str]:
    """The form of one canary, as a person writes it."""
    return Form(ALLOWED, _read)


def canary_check(written: str) -> Check:
    """The check that asks a canary. Raises ValueError, with or without a sentence, for what is
    neither a host, host:port nor a URL.
    """
    from uptop_core.checks.http import HttpCheck
    from uptop_core.checks.ping import PingCheck
    from uptop_core.checks.port import PortCheck

    check: Check
    if "://" in written:
        # Whatever the server says of the URL, it has been heard.
        check = HttpCheck(url=written, accepted_codes="100-599", follow_redirects=0)
    else:
        host, port = _host_and_port(written)
        check = PingCheck(hostname=host) if port is None else PortCheck(hostname=host, port=port)
    wrong = next(check.problems(), None)
    if wrong is not None:
        raise ValueError(f"{ALLOWED}: {wrong.message}")
    return check


def _read(written: str) -> str:
    canary_check(written)
    return written


def _host_and_port(written: str) -> tuple[str, int | None]:
    try:
        return str(ip_address(written)), None
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{written}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError from None
    if not host or port == 0 or written.endswith(":") or parts.netloc != written or "@" in written:
        raise ValueError
    return host, port
