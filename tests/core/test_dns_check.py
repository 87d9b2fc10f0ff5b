"""The dns check against real servers on loopback."""

import socket
from pathlib import Path
from typing import Any

import anyio
import dns.message
import pytest

from tests.core.dns_listener import Answer, Script, answering, dns_listener, reply, truncated
from uptop_core import CheckFailed, Condition, DnsCheck, Outcome, Reason, Vantage, run_check
from uptop_core.looks import Look
from uptop_core.prober.ask_dns import ask, make_question, system_servers
from uptop_core.prober.dns_records import comparable, parse_server

pytestmark = pytest.mark.anyio

LOCAL = Vantage(allow_private=True)
A = "example.com. 60 A 192.0.2.7"
A2 = "example.com. 60 A 192.0.2.8"


async def look(script: Script, timeout: float = 5.0, tcp: bool = True, **settings: Any) -> Outcome:
    with dns_listener(script, tcp) as server:
        check = DnsCheck(**{"hostname": "example.com", "dns_server": server.address, **settings})
        return await run_check(check, timeout=timeout, vantage=LOCAL)


async def test_a_record_is_up() -> None:
    outcome = await look(answering(A))
    assert outcome.up, outcome.detail
    assert outcome.address == "127.0.0.1"
    assert outcome.timings.first_byte_ns
    assert outcome.timings.dns_ns is None


KINDS = [
    ("A", A, "192.0.2.7"),
    ("AAAA", "example.com. 60 AAAA 2001:db8:0:0::7", "2001:DB8::7"),
    ("MX", "example.com. 60 MX 10 Mail.Example.com.", "10 mail.example.com"),
    ("CNAME", "example.com. 60 CNAME www.example.com.", "WWW.example.com."),
    ("TXT", 'example.com. 60 TXT "v=spf1 " "-All"', "v=spf1 -All"),
    ("TXT", 'example.com. 60 TXT "v=spf1 -All"', '"v=spf1" " -All"'),
    ("NS", "example.com. 60 NS ns1.example.com.", "ns1.example.com"),
    ("SOA", "example.com. 60 SOA ns. host. 1 2 3 4 5", "ns host 1 2 3 4 5"),
    ("SRV", "example.com. 60 SRV 1 2 5060 sip.example.com.", "1 2 5060 sip.example.com"),
    ("CAA", 'example.com. 60 CAA 0 issue "ca.example.net"', "0 issue ca.example.net"),
]


@pytest.mark.parametrize(("kind", "record", "expected"), KINDS)
async def test_an_expected_record_is_found_however_it_is_written(
    kind: str, record: str, expected: str
) -> None:
    outcome = await look(answering(record), dns_resolve_type=kind, expected=(expected,))
    assert outcome.up, outcome.detail


async def test_every_expected_record_must_be_there() -> None:
    expected = ("192.0.2.7", "192.0.2.9")
    outcome = await look(answering(A, A2), expected=expected)
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert outcome.detail == "not among the records: 192.0.2.9; found 192.0.2.7, 192.0.2.8"


async def test_records_at_the_end_of_a_chain_of_aliases_count() -> None:
    chain = ("example.com. 60 CNAME b.example.com.", "b.example.com. 60 A 192.0.2.7")
    assert (await look(answering(*chain), expected=("192.0.2.7",))).up


async def test_an_alias_without_records_is_told() -> None:
    outcome = await look(answering("example.com. 60 CNAME b.example.org."))
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert outcome.detail == (
        "example.com has no records of type A; it is an alias of b.example.org,"
        " of which the answer has none"
    )


async def test_records_of_another_name_do_not_count() -> None:
    outcome = await look(answering("other.example. 60 A 192.0.2.7"))
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert outcome.detail.endswith(" has no records of type A")


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        ("NXDOMAIN", Reason.NXDOMAIN),
        ("SERVFAIL", Reason.DNS_ERROR),
        ("REFUSED", Reason.UNEXPECTED_ANSWER),
    ],
)
async def test_a_code_has_its_reason_unless_it_is_expected(rcode: str, reason: Reason) -> None:
    outcome = await look(answering(rcode=rcode))
    assert outcome.reason is reason
    assert (await look(answering(rcode=rcode), rcode=rcode)).up


async def test_a_code_without_a_name_is_told_by_its_number() -> None:
    outcome = await look(answering(rcode="12"))
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert outcome.detail == "the DNS server answered 12, expected NOERROR"


async def test_a_name_that_was_to_be_gone_and_is_there_is_down() -> None:
    outcome = await look(answering(A), rcode="NXDOMAIN")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert outcome.detail == "the DNS server answered NOERROR, expected NXDOMAIN"


async def test_an_answer_that_does_not_fit_is_asked_for_over_tcp() -> None:
    many = [f"example.com. 60 A 192.0.2.{number}" for number in range(250)]

    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        return [reply(query, *many)] if tcp else [truncated(query)]

    assert (await look(script, expected=("192.0.2.249",))).up


async def test_a_server_without_tcp_is_named_when_the_answer_does_not_fit() -> None:
    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        return [truncated(query)]

    outcome = await look(script, tcp=False)
    assert outcome.reason is Reason.DNS_ERROR
    assert "over TCP refused the connection" in outcome.detail


async def test_a_forged_answer_is_passed_over() -> None:
    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        other_id = reply(query, "example.com. 60 A 203.0.113.66")
        other_id.id ^= 1
        question = dns.message.make_query("evil.example", "A", id=query.id)
        other_question = reply(question, "evil.example. 60 A 203.0.113.66")
        return [other_id, other_question, b"", b"x", reply(query, A)]

    assert (await look(script, expected=("192.0.2.7",))).up


async def test_an_answer_that_cannot_be_read_is_a_protocol_error() -> None:
    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        return [query.id.to_bytes(2, "big") + b"\x81\x80"]

    outcome = await look(script)
    assert outcome.reason is Reason.PROTOCOL_ERROR


async def test_a_chain_of_aliases_without_an_end_is_a_protocol_error() -> None:
    loop = ("example.com. 60 CNAME b.example.com.", "b.example.com. 60 CNAME example.com.")
    outcome = await look(answering(*loop))
    assert outcome.reason in (Reason.PROTOCOL_ERROR, Reason.UNEXPECTED_ANSWER)


async def test_silence_is_a_timeout() -> None:
    outcome = await look(lambda query, tcp: [], timeout=0.2)
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.detail == "no answer within 0.2 s"


async def test_a_lost_datagram_is_sent_again() -> None:
    seen: list[int] = []

    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        seen.append(query.id)
        return [] if len(seen) == 1 else [reply(query, A)]

    assert (await look(script)).up
    assert len(seen) == 2


async def test_a_server_that_is_not_there_is_a_dns_error_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    check = DnsCheck(hostname="example.com", dns_server=f"127.0.0.1:{port}")
    outcome = await run_check(check, vantage=LOCAL)
    assert outcome.reason is Reason.DNS_ERROR
    assert "refused the connection" in outcome.detail


async def test_a_written_server_is_guarded() -> None:
    outcome = await run_check(DnsCheck(hostname="example.com", dns_server="127.0.0.1"))
    assert outcome.reason is Reason.BLOCKED_TARGET
    assert outcome.abstains


async def test_an_address_is_asked_for_under_its_reverse_name() -> None:
    pointer = "7.2.0.192.in-addr.arpa. 60 PTR host.example.com."
    with dns_listener(answering(pointer)) as server:
        check = DnsCheck(hostname="192.0.2.7", dns_resolve_type="PTR", dns_server=server.address)
        assert (await run_check(check, vantage=LOCAL)).up
        assert server.asked == ["udp 7.2.0.192.in-addr.arpa. IN PTR"]


async def test_conditions_read_the_records() -> None:
    conditions = (Condition("dns == 192.0.2.8"), Condition("dns contains 203.0", soft=True))
    outcome = await look(answering(A, A2), conditions=conditions)
    assert outcome.degraded
    assert outcome.failed[0].found == "192.0.2.7, 192.0.2.8"


async def test_the_next_server_is_asked_when_one_is_silent_or_gone() -> None:
    silent, there = dns_listener(lambda query, tcp: []), dns_listener(answering(A))
    with silent as first, there as last:
        servers = [parse_server("127.0.0.1:1"), parse_server(first.address)]
        question = make_question("example.com", "A")
        with anyio.fail_after(5):
            answer = await ask(Look(LOCAL, 0.3), question, [*servers, parse_server(last.address)])
    assert answer.records == ("192.0.2.7",)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
async def test_the_next_server_is_asked_when_one_cannot_say(rcode: str) -> None:
    question = make_question("example.com", "A")
    with dns_listener(answering(rcode=rcode)) as first, dns_listener(answering(A)) as last:
        servers = [parse_server(first.address), parse_server(last.address)]
        answer = await ask(Look(LOCAL, 1.0), question, servers)
        assert answer.records == ("192.0.2.7",)
        assert first.asked
        servers = [parse_server(first.address), parse_server("127.0.0.1:1")]
        assert (await ask(Look(LOCAL, 1.0), question, servers)).code == rcode
    with dns_listener(answering(rcode=rcode)) as first, dns_listener(lambda query, tcp: []) as last:
        servers = [parse_server(first.address), parse_server(last.address)]
        with anyio.fail_after(5):
            assert (await ask(Look(LOCAL, 0.4), question, servers)).code == rcode


def test_the_servers_of_the_system_are_read(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 192.0.2.53\nnameserver 2001:db8::53\n")
    assert system_servers(str(resolv_conf)) == [
        parse_server("192.0.2.53"),
        parse_server("2001:db8::53"),
    ]


def test_a_system_without_a_server_is_a_dns_error(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="no DNS server configured"):
        system_servers(str(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("9.9.9.9:53", "9.9.9.9"),
        ("9.9.9.9:5353", "9.9.9.9:5353"),
        ("2620:fe::fe", "[2620:fe::fe]"),
        ("[2620:fe::fe]", "[2620:fe::fe]"),
        ("[2620:fe::fe]:5353", "[2620:fe::fe]:5353"),
    ],
)
def test_a_server_is_an_address_and_perhaps_a_port(text: str, shown: str) -> None:
    assert str(parse_server(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["dns.example.com", "9.9.9.9:0", "9.9.9.9:65536", "9.9.9.9:", "[::1", "[::1]x", "", ":53"],
)
def test_a_server_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an IP address"):
        parse_server(text)


def test_a_record_is_compared_in_one_form() -> None:
    assert comparable("0 .", "MX") == "0 ."
    assert comparable(r'"a\"b" "c"', "TXT") == 'a"bc'
    assert comparable("Not Quoted", "TXT") == "Not Quoted"


def problems(**settings: Any) -> list[str]:
    return [str(one) for one in DnsCheck(**{"hostname": "example.com", **settings}).problems()]


def test_every_problem_of_the_settings_is_told() -> None:
    found = problems(hostname="a..b", dns_server="x", expected=("y", "192.0.2.7"), rcode="REFUSED")
    assert [text.partition(":")[0] for text in found] == [
        "dns_server",
        "hostname",
        "expected[0]",
        "expected",
    ]


@pytest.mark.parametrize(
    ("kind", "record", "said"),
    [
        ("A", "2001:db8::7", "write it like 192.0.2.7"),
        ("AAAA", "192.0.2.7", "write it like 2001:db8::7"),
        ("MX", "mail.example.com", "write it like 10 mail.example.com"),
        ("TXT", "", "is empty"),
        ("CAA", "issue", "write it like 0 issue"),
    ],
)
def test_an_expected_record_of_the_wrong_form_is_refused(kind: str, record: str, said: str) -> None:
    assert said in problems(dns_resolve_type=kind, expected=(record,))[0]


@pytest.mark.parametrize(
    "name", [".", "_dmarc.example.com", "*.example.com", "0/25.2.0.192.in-addr.arpa"]
)
def test_names_that_only_dns_knows_are_fine(name: str) -> None:
    assert problems(hostname=name) == []


def test_an_address_can_only_be_asked_for_its_name() -> None:
    assert "type PTR only" in problems(hostname="192.0.2.7")[0]
    assert problems(hostname="192.0.2.7", dns_resolve_type="PTR") == []
