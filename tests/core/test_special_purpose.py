"""The guard's own tables against those of IANA: nothing is missing, and nothing is refused unexplained."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

import pytest

from tests.core.special_purpose import ELSEWHERE, IPV4, IPV6, Special
from uptop_core.targets import _GLOBAL_6, _METADATA, _NOT_PUBLIC_4, _NOT_PUBLIC_6, refusal

_ROWS = (*IPV4, *IPV6, *ELSEWHERE)
_REFUSED_ALL_THE_SAME = {
    "64:ff9b::/96": "it is an IPv4 address in disguise",
    **dict.fromkeys(
        ("192.0.0.9/32", "192.0.0.10/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128"),
        "an anycast address leads to whatever is nearest, a router of this site included",
    ),
    **dict.fromkeys(
        ("2001:3::/32", "2001:4:112::/48", "2001:20::/28", "2001:30::/28"),
        "of the protocol assignments, 2001::/23, which hold no site",
    ),
}
"""What IANA calls globally reachable, and the guard refuses: why."""


def _samples(network: IPv4Network | IPv6Network) -> set[IPv4Address]:
    """The first, the last and some addresses between them."""
    size = network.num_addresses
    return {network[at] for at in (0, 1 % size, size // 3, size // 2, size - 1)}  # type: ignore[misc]


@pytest.mark.parametrize("row", [row for row in _ROWS if not row.reachable], ids=lambda row: row[0])
def test_what_is_not_globally_reachable_is_refused(row: Special) -> None:
    for address in _samples(ip_network(row.network)):
        assert refusal(address, allow_private=False) is not None, address


@pytest.mark.parametrize("row", [row for row in _ROWS if row.reachable], ids=lambda row: row[0])
def test_what_is_globally_reachable_is_allowed_or_refused_for_a_reason(row: Special) -> None:
    is_refused = row.network in _REFUSED_ALL_THE_SAME
    for address in _samples(ip_network(row.network)):
        assert (refusal(address, allow_private=False) is not None) is is_refused, address


@pytest.mark.parametrize("network", [one for one, _ in (*_NOT_PUBLIC_4, *_NOT_PUBLIC_6)], ids=str)
def test_every_network_of_the_guard_is_one_of_a_registry(
    network: IPv4Network | IPv6Network,
) -> None:
    assert str(network) in {row.network for row in _ROWS}


@pytest.mark.parametrize(
    "network",
    [
        *(row.network for row in (*IPV4, *IPV6, *ELSEWHERE) if not row.reachable),
        str(_GLOBAL_6),
    ],
)
def test_the_neighbours_of_a_special_network_are_as_public_as_the_tables_say(network: str) -> None:
    """An end that is one too far, or one too near, shows here."""
    whole = ip_network(network)
    for number in (int(whole[0]) - 1, int(whole[-1]) + 1):
        if not 0 <= number < 2**whole.max_prefixlen:
            continue
        beside = type(whole[0])(number)
        special = any(
            beside in ip_network(row.network)
            for row in _ROWS
            if not row.reachable or row.network in _REFUSED_ALL_THE_SAME
        )
        outside = whole.version == 6 and beside not in _GLOBAL_6
        is_refused = refusal(beside, allow_private=False) is not None
        assert is_refused is (special or outside or int(beside) in _METADATA), beside
