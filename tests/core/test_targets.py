"""Which addresses may be connected to, and which forms of a host are refused."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import CheckFailed, Reason
from uptop_core.targets import ascii_name, host_problem, parse_host, refusal

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "168.63.129.15",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450:4001::1",
    "2003::1",
    "2400::1",
]

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "4000::1",
    "5f00::1",
    "1::1",
]

EMBEDDING = [
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:808:8:800::",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:808:808::f7f7:f7f7",
    "2606:4700::5efe:808:808",
    "2606:4700::200:5efe:808:808",
]

METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "169.254.42.42",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fe80::a9fe:a9fe",
    "fe80::a9fe:a9fe%eth0",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a9:fe:a9fe::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "2002:a9fe:a9fe::",
    "2002:a83f:8110::1",
    "2001:0:a9fe:a9fe::1",
    "2001::5601:5601",
    "2606:4700::5efe:a9fe:a9fe",
    "::ffff:168.63.129.16",
    "::ffff:100.100.100.200",
]

NUMBERS = [
    "2130706433",
    "0x7f000001",
    "0X7F.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "1",
    "127.0.0.1.",
    "127.0.0.01",
    "1.2.3.4.5",
    "256.1.1.1",
    "999.999.999.999",
    "１２７.0.0.1",
    "127.0.0.１",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "127．0.0.1",
    "0x7f.1",
    "０ｘ7f.1",
    "127.0.0.0x1",
    "example.0x",
    "1.2.3",
    "١٢٧.٠.٠.١",
    "127.0.0.1\u200b",
    "2130706433.",
    "127.0.0.1..",
]

NAMES = {
    "example.com": "example.com",
    "EXAMPLE.com.": "example.com",
    "bücher.example": "xn--bcher-kva.example",
    "a_b.example": "a_b.example",
    "localhost": "localhost",
    "0x7f.example": "0x7f.example",
    "1.2.3.4.example": "1.2.3.4.example",
    "3com.com": "3com.com",
}

NO_NAMES = [
    "a b.example",
    "a..b",
    "-a.example",
    "a/b",
    "a%2eb",
    "x" * 64,
    "a." * 130 + "b",
    "é_.de",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_allowed(text: str) -> None:
    assert refusal(ip_address(text), allow_private=False) is None


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_what_is_not_public_is_refused_unless_private_targets_are_allowed(text: str) -> None:
    refused = refusal(ip_address(text), allow_private=False)
    assert refused is not None
    assert text in refused
    assert refusal(ip_address(text), allow_private=True) is None


@pytest.mark.parametrize("text", EMBEDDING)
def test_an_ipv6_address_that_embeds_any_ipv4_address_is_refused(text: str) -> None:
    assert refusal(ip_address(text), allow_private=False) is not None
    assert refusal(ip_address(text), allow_private=True) is None


@pytest.mark.parametrize("text", METADATA)
@pytest.mark.parametrize("allow_private", [False, True])
def test_metadata_addresses_are_refused_always(text: str, allow_private: bool) -> None:
    refused = refusal(ip_address(text), allow_private=allow_private)
    assert refused is not None
    assert "metadata" in refused


@pytest.mark.parametrize("host", NUMBERS)
def test_a_number_that_is_no_dotted_quad_is_refused(host: str) -> None:
    with pytest.raises(CheckFailed) as failed:
        parse_host(host)
    assert failed.value.reason is Reason.BLOCKED_TARGET
    assert failed.value.detail.isprintable()


@pytest.mark.parametrize("host", ["127.0.0.1", "8.8.8.8", "::1", "[::1]", "fe80::1%eth0"])
def test_an_address_is_read_as_one(host: str) -> None:
    assert parse_host(host) == ip_address(host.strip("[]"))


@pytest.mark.parametrize("host", NAMES)
def test_a_name_is_no_address_and_becomes_ascii(host: str) -> None:
    assert parse_host(host) is None
    assert ascii_name(host) == NAMES[host]
    assert host_problem(host) is None


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_can_be_no_name_is_said_to_be_none(host: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        ascii_name(host)
    assert host_problem(host) is not None


@given(st.text(max_size=40))
def test_any_text_is_an_address_a_name_or_refused(host: str) -> None:
    problem = host_problem(host)
    if problem is None and parse_host(host) is None:
        assert ascii_name(host).isascii()
    else:
        assert problem is None or problem.isprintable()


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_outside_what_is_assigned_is_never_public(number: int) -> None:
    address = ip_address(number if number >= 2**32 else number + 2**32)
    if number >> 125 != 1:
        assert refusal(address, allow_private=False) is not None
