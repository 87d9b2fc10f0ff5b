"""From a host to the addresses that may be connected to: resolved once, then guarded."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.lookups import LOOKUPS
from uptop_core.targets import ascii_name, parse_host, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uptop_core.looks import Look, Vantage
    from uptop_core.targets import Address

_NO_SUCH_NAME = {
    getattr(socket, code)
    for code in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, code)
}

_FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


async def resolve(look: Look, host: str, port: int, ip_version: int = 0) -> Sequence[Address]:
    """The vetted addresses of `host`, in the system's order; `ip_version` is 4, 6, or 0 for either.

    Raises CheckFailed: NXDOMAIN or DNS_ERROR when there are none, BLOCKED_TARGET when one of them
    must not be connected to (then none may be: a name must not lead to both).
    """
    literal, why = _literal(host, look.vantage.allow_private)
    if literal and ip_version not in (0, literal[0].version):
        raise CheckFailed(Reason.NXDOMAIN, f"{literal[0]} is no IPv{ip_version} address")
    if why is not None:
        raise CheckFailed(Reason.BLOCKED_TARGET, why)
    if literal:
        return literal
    try:
        name = ascii_name(host)
    except ValueError as error:
        raise CheckFailed(Reason.NXDOMAIN, str(error)) from error
    look.enter(Phase.DNS)
    try:
        answers = await LOOKUPS.ask(name, port, _FAMILIES[ip_version])
    except socket.gaierror as error:
        raise _failure(name, error, ip_version) from error
    except OSError as error:
        raise CheckFailed(
            Reason.INTERNAL_ERROR, f"the resolver cannot be asked: {error.strerror or error}"
        ) from error
    look.enter(None)
    addresses = [ip_address(answer) for answer in answers]
    guard(addresses, look.vantage, name)
    return addresses


def guard(addresses: Iterable[Address], vantage: Vantage, name: str = "") -> None:
    """Raise CheckFailed(BLOCKED_TARGET) if any of `addresses` must not be connected to."""
    for address in addresses:
        why = refusal(address, allow_private=vantage.allow_private)
        if why is not None:
            where = f"{name}: " if name else ""
            raise CheckFailed(Reason.BLOCKED_TARGET, f"{where}{why}")


@lru_cache(maxsize=4096)
def _literal(host: str, allow_private: bool) -> tuple[tuple[Address, ...], str | None]:
    """The address that `host` writes out, if it does, and why it must not be connected to. Pure,
    and the same at each look.
    """
    address = parse_host(host)
    if address is None:
        return (), None
    return (address,), refusal(address, allow_private=allow_private)


def _failure(name: str, error: socket.gaierror, ip_version: int) -> CheckFailed:
    if error.errno in _NO_SUCH_NAME:
        what = f"IPv{ip_version} address" if ip_version else "address"
        return CheckFailed(Reason.NXDOMAIN, f"{name} has no {what}")
    if error.errno == socket.EAI_MEMORY:
        return CheckFailed(Reason.INTERNAL_ERROR, "no memory left to resolve a name")
    return CheckFailed(Reason.DNS_ERROR, f"{name} was not resolved: {error.strerror}")
