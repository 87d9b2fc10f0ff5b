"""What a check may connect to: own tables of addresses, and a strict reading of host names.

The standard library's `is_global` is wrong here: it calls NAT64, 6to4, `::a.b.c.d` and the wire
server of Azure public. The tables follow the IANA special-purpose registries (RFC 6890 and what
came after it). A NAT64 prefix that a network chose for itself (RFC 6052) cannot be known here.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

import idna

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

Address = IPv4Address | IPv6Address

_METADATA = frozenset(
    int(ip_address(text))
    for text in (
        "169.254.169.254",  # AWS, Google, Azure, Oracle, DigitalOcean, OpenStack and most others
        "169.254.170.2",  # AWS: credentials of ECS tasks
        "169.254.170.23",  # AWS: credentials of EKS pods
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure: the wire server, a public address
        "192.0.0.192",  # Oracle, first generation
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS: credentials of EKS pods
        "fd20:ce::254",  # Google
        "fd00:c1::a9fe:a9fe",  # Oracle
        "fd00:42::42",  # Scaleway
        "fd00:a9fe:a9fe::1",  # Akamai
        "fe80::a9fe:a9fe",  # OpenStack
    )
)

_NOT_PUBLIC_4 = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private (RFC 1918)"),
        ("100.64.0.0/10", "shared by a carrier's NAT (RFC 6598)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private (RFC 1918)"),
        ("192.0.0.0/24", "reserved for protocols (RFC 6890)"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "reserved (a 6to4 relay)"),
        ("192.168.0.0/16", "private (RFC 1918)"),
        ("198.18.0.0/15", "for benchmarks (RFC 2544)"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)

_NOT_PUBLIC_6 = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "an IPv4-compatible address"),
        ("::ffff:0:0/96", "an IPv4-mapped address"),
        ("::ffff:0:0:0/96", "an IPv4-translated address"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"),
        ("64:ff9b:1::/48", "an IPv4 address behind NAT64"),
        ("100::/64", "a black hole (RFC 6666)"),
        ("2001::/32", "a Teredo address"),
        ("2001:2::/48", "for benchmarks (RFC 5180)"),
        ("2001::/23", "reserved for protocols (RFC 2928)"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private (a unique local address)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private (a site-local address)"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # all that is assigned as global unicast so far

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_STOPS = re.compile("[。．｡]")  # what IDNA takes for a full stop
_HEXADECIMAL = re.compile(r"0x[0-9a-f]*", re.IGNORECASE)


def refusal(address: Address, *, allow_private: bool) -> str | None:
    """Why a check must not connect to `address`, in words; None when it may.

    Metadata addresses of clouds are refused always, also inside an IPv6 address. All else that is
    not public, and every IPv6 form that embeds an IPv4 address, is refused unless `allow_private`.
    """
    if int(address) in _METADATA or any(int(inner) in _METADATA for inner in _embedded(address)):
        return f"{address} is a metadata address of a cloud, which is never checked"
    what = None if allow_private else _not_public(address)
    if what is None:
        return None
    return f"{address} is {what}, and this node checks public addresses only"


def _not_public(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((what for network, what in _NOT_PUBLIC_4 if address in network), None)
    for network, what in _NOT_PUBLIC_6:
        if address in network:
            return what
    if address not in _GLOBAL_6:
        return "reserved"
    return "an ISATAP address" if _is_isatap(address) else None


def _is_isatap(address: IPv6Address) -> bool:
    """Whether the interface identifier is one of RFC 5214, of a local or a global IPv4 address."""
    return (int(address) >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE)


def _embedded(address: Address) -> Iterator[IPv4Address]:
    """Every IPv4 address that `address` may stand for, by any of the ways to embed one.

    The last 32 bits count under any prefix, since a network may have chosen any for its NAT64.
    """
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    low = number & 0xFFFFFFFF
    yield IPv4Address(low)
    if number >> 112 == 0x2002:  # 6to4 (RFC 3056)
        yield IPv4Address((number >> 80) & 0xFFFFFFFF)
    elif number >> 96 == 0x20010000:  # Teredo (RFC 4380): the server, and the client inverted
        yield IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield IPv4Address(low ^ 0xFFFFFFFF)
    elif number >> 80 == 0x0064FF9B0001:  # NAT64 (RFC 6052), which leaves out bits 64 to 71
        bits = (number >> 64) << 56 | (number & ((1 << 56) - 1))
        for begin in (48, 56, 64):
            yield IPv4Address((bits >> (120 - begin - 32)) & 0xFFFFFFFF)


def parse_host(host: str) -> Address | None:
    """The address that `host` writes out, or None when it is a name.

    An IPv6 address may stand in brackets. Raises CheckFailed(BLOCKED_TARGET) for a number in any
    other form than a dotted quad (hexadecimal, octal, short, decimal, full-width digits), since
    resolvers disagree on what these mean.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return ip_address(bare)
    except ValueError:
        pass
    if _ends_in_number(host) or _ends_in_number(_mapped(host)):
        raise CheckFailed(
            Reason.BLOCKED_TARGET,
            f"{escape(host, 80)} is a number that is no IP address:"
            " write an address as four decimal numbers, such as 192.0.2.1",
        )
    return None


def ascii_name(host: str) -> str:
    """The name as it goes into DNS, TLS and HTTP: lower-case ASCII, without a dot at its end.

    Raises ValueError, with a sentence, for what can be no name of a host.
    """
    name = host.lower()
    if not host.isascii():
        try:
            name = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"{escape(host, 80)} is not a host name") from error
    name = name.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{escape(host, 80)} is not a host name")
    return name


def host_problem(host: str, ip_version: int = 0) -> str | None:
    """What is wrong with `host` as a person wrote it; None for a name or an address, of the
    `ip_version` 4 or 6 if one is given.
    """
    try:
        literal = parse_host(host)
        if literal is None:
            ascii_name(host)
        elif ip_version not in (0, literal.version):
            return f"is no IPv{ip_version} address, as ip_version demands"
    except CheckFailed as error:
        return error.detail
    except ValueError as error:
        return str(error)
    return None


def _mapped(host: str) -> str:
    """`host` as resolvers may come to see it, so that no disguise of a number gets through."""
    try:
        return idna.uts46_remap(host, std3_rules=False)
    except (idna.IDNAError, UnicodeError):
        return unicodedata.normalize("NFKC", host)


def _ends_in_number(host: str) -> bool:
    """Whether the last label is a number: no top-level domain is (the rule of the URL standard)."""
    name = _STOPS.sub(".", unicodedata.normalize("NFKC", host)).strip().rstrip(".")
    last = name.rpartition(".")[2]
    return last.isdecimal() or bool(_HEXADECIMAL.fullmatch(last))
