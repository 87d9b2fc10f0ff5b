"""The IANA special-purpose address registries, as facts: network, what it is for, whether what is in
it can be reached from everywhere ("Globally Reachable"; None where the registry says N/A).

RFC 6890, RFC 8190 and the documents that each row names; the rows of 2025.
"""

from __future__ import annotations

from typing import NamedTuple


class Special(NamedTuple):
    """One row."""

    network: str
    what: str
    reachable: bool | None


IPV4 = (
    Special("0.0.0.0/8", "this network (RFC 791)", False),
    Special("0.0.0.0/32", "this host on this network (RFC 1122)", False),
    Special("10.0.0.0/8", "private use (RFC 1918)", False),
    Special("100.64.0.0/10", "shared address space (RFC 6598)", False),
    Special("127.0.0.0/8", "loopback (RFC 1122)", False),
    Special("169.254.0.0/16", "link local (RFC 3927)", False),
    Special("172.16.0.0/12", "private use (RFC 1918)", False),
    Special("192.0.0.0/24", "IETF protocol assignments (RFC 6890)", False),
    Special("192.0.0.0/29", "IPv4 service continuity prefix (RFC 7335)", False),
    Special("192.0.0.8/32", "IPv4 dummy address (RFC 7600)", False),
    Special("192.0.0.9/32", "port control protocol anycast (RFC 7723)", True),
    Special("192.0.0.10/32", "traversal using relays around NAT anycast (RFC 8155)", True),
    Special("192.0.0.170/32", "NAT64/DNS64 discovery (RFC 7050)", False),
    Special("192.0.0.171/32", "NAT64/DNS64 discovery (RFC 7050)", False),
    Special("192.0.2.0/24", "documentation, TEST-NET-1 (RFC 5737)", False),
    Special("192.31.196.0/24", "AS112-v4 (RFC 7535)", True),
    Special("192.52.193.0/24", "automatic multicast tunneling (RFC 7450)", True),
    Special("192.88.99.0/24", "deprecated 6to4 relay anycast (RFC 7526)", None),
    Special("192.88.99.2/32", "6a44 relay anycast (RFC 6751)", False),
    Special("192.168.0.0/16", "private use (RFC 1918)", False),
    Special("192.175.48.0/24", "direct delegation AS112 service (RFC 7534)", True),
    Special("198.18.0.0/15", "benchmarking (RFC 2544)", False),
    Special("198.51.100.0/24", "documentation, TEST-NET-2 (RFC 5737)", False),
    Special("203.0.113.0/24", "documentation, TEST-NET-3 (RFC 5737)", False),
    Special("240.0.0.0/4", "reserved (RFC 1112)", False),
    Special("255.255.255.255/32", "limited broadcast (RFC 919)", False),
)

IPV6 = (
    Special("::1/128", "loopback (RFC 4291)", False),
    Special("::/128", "unspecified (RFC 4291)", False),
    Special("::ffff:0:0/96", "IPv4-mapped (RFC 4291)", False),
    Special("64:ff9b::/96", "IPv4-IPv6 translation (RFC 6052)", True),
    Special("64:ff9b:1::/48", "IPv4-IPv6 translation (RFC 8215)", False),
    Special("100::/64", "discard only (RFC 6666)", False),
    Special("100:0:0:1::/64", "dummy prefix (RFC 9780)", False),
    Special("2001::/23", "IETF protocol assignments (RFC 2928)", False),
    Special("2001::/32", "Teredo (RFC 4380)", None),
    Special("2001:1::1/128", "port control protocol anycast (RFC 7723)", True),
    Special("2001:1::2/128", "traversal using relays around NAT anycast (RFC 8155)", True),
    Special("2001:1::3/128", "DNS-SD service registration anycast (RFC 9665)", True),
    Special("2001:2::/48", "benchmarking (RFC 5180)", False),
    Special("2001:3::/32", "automatic multicast tunneling (RFC 7450)", True),
    Special("2001:4:112::/48", "AS112-v6 (RFC 7535)", True),
    Special("2001:10::/28", "deprecated ORCHID (RFC 4843)", None),
    Special("2001:20::/28", "ORCHIDv2 (RFC 7343)", True),
    Special("2001:30::/28", "drone remote ID entity tags (RFC 9374)", True),
    Special("2001:db8::/32", "documentation (RFC 3849)", False),
    Special("2002::/16", "6to4 (RFC 3056)", None),
    Special("2620:4f:8000::/48", "direct delegation AS112 service (RFC 7534)", True),
    Special("3fff::/20", "documentation (RFC 9637)", False),
    Special("5f00::/16", "segment routing SIDs (RFC 9602)", False),
    Special("fc00::/7", "unique local (RFC 4193)", False),
    Special("fe80::/10", "link-local unicast (RFC 4291)", False),
)

ELSEWHERE = (
    Special("224.0.0.0/4", "multicast (RFC 5771)", False),
    Special("::/96", "deprecated IPv4-compatible (RFC 4291)", False),
    Special("::ffff:0:0:0/96", "IPv4-translated (RFC 2765)", False),
    Special("fec0::/10", "deprecated site-local (RFC 3879)", False),
    Special("ff00::/8", "multicast (RFC 4291)", False),
)
"""What other registries and documents say is for no single host in the internet."""
