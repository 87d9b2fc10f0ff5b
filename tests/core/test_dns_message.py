"""Reading DNS messages: as dnspython reads them, and whatever the octets are."""

import struct
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.dns_listener import reply, truncated
from uptop_core.prober.dns_message import Question
from uptop_core.prober.dns_rdata import TYPES, Unreadable
from uptop_core.prober.dns_records import comparable

KINDS = tuple(TYPES)
RECORDS = {
    "A": "192.0.2.7",
    "AAAA": "2001:db8::7",
    "MX": "10 mail.example.com.",
    "CNAME": "www.example.com.",
    "TXT": '"v=spf1 " "-all"',
    "NS": "ns1.example.com.",
    "SOA": "ns1.example.com. admin.example.com. 1 2 3 4 5",
    "SRV": "1 2 5060 sip.example.com.",
    "PTR": "host.example.com.",
    "CAA": '0 issue "ca.example.net; account=1"',
}


def asked(question: Question, *, edns: bool = True) -> dns.message.Message:
    return dns.message.from_wire(question.packet(0x1234, edns=edns))


def test_a_question_is_what_dnspython_would_ask() -> None:
    for kind in KINDS:
        question = asked(Question("www.Example.com", kind), edns=False)
        assert question == dns.message.make_query("www.Example.com", kind, id=0x1234)


def test_a_question_offers_what_fits_without_fragments() -> None:
    question = asked(Question("example.com", "A"))
    assert (question.edns, question.payload) == (0, 1232)
    assert asked(Question("example.com", "A"), edns=False).edns == -1


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        (".", "NS", "."),
        ("example.com.", "A", "example.com."),
        ("_dmarc.example.com", "TXT", "_dmarc.example.com."),
        ("bücher.example", "A", "xn--bcher-kva.example."),
        (r"a\.b.example", "A", r"a\.b.example."),
        (r"a\032b.example", "A", r"a\032b.example."),
        ("192.0.2.7", "PTR", "7.2.0.192.in-addr.arpa."),
        ("2001:db8::7", "PTR", dns.name.from_text("7." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa")),
        ("7.2.0.192.in-addr.arpa", "PTR", "7.2.0.192.in-addr.arpa."),
    ],
)
def test_names_are_asked_for_as_they_are_meant(name: str, kind: str, shown: str) -> None:
    assert str(asked(Question(name, kind)).question[0].name) == str(shown)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ".".join(["a" * 50] * 6)])
def test_what_is_no_name_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no name|is longer"):
        Question(name, "A")


def theirs(wire: bytes, kind: str) -> tuple[str, ...]:
    """The records by dnspython, in our form."""
    message = dns.message.from_wire(wire)
    assert isinstance(message, dns.message.QueryMessage)
    found: list[str] = []
    for rdata in message.resolve_chaining().answer or ():
        if kind == "TXT":
            found.append(b"".join(rdata.strings).decode("utf-8", "backslashreplace"))
        else:
            found.append(comparable(rdata.to_text(), kind))
    return tuple(found)


octets = st.binary(min_size=1, max_size=20)
labels = st.lists(octets, max_size=4).map(lambda parts: dns.name.Name([*parts, b""]))
small = st.integers(0, 0xFFFF)


def data_of(kind: str) -> st.SearchStrategy[bytes]:
    """Data of any record of a type, as it is on the wire."""
    name = labels.map(lambda one: one.to_wire())
    strings = st.lists(octets.map(lambda one: bytes([len(one)]) + one), min_size=1, max_size=3)
    forms: dict[str, st.SearchStrategy[Any]] = {
        "A": st.binary(min_size=4, max_size=4),
        "AAAA": st.binary(min_size=16, max_size=16),
        "MX": st.builds(lambda n, name: struct.pack("!H", n) + name, small, name),
        "SRV": st.builds(lambda n, name: struct.pack("!HHH", n, 7, n) + name, small, name),
        "SOA": st.builds(
            lambda a, b, n: a + b + struct.pack("!5I", n, 1, 2, 3, n), name, name, small
        ),
        "TXT": strings.map(b"".join),
        "CAA": st.builds(
            lambda tag, value: b"\x80" + bytes([len(tag)]) + tag.encode() + value,
            st.text("abcXYZ019", min_size=1, max_size=9),
            st.binary(max_size=20),
        ),
    }
    return forms.get(kind, name)


answers = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        # Of these two a name has one, and which of several dnspython keeps is its own affair.
        st.lists(data_of(kind), min_size=1, max_size=1 if kind in ("CNAME", "SOA") else 3),
    )
)


def message(question: Question, kind: str, datas: list[bytes]) -> bytes:
    """An answer with these records, written by hand."""
    head = struct.pack("!HHHHHH", 1, 0x8180, 1, len(datas), 0, 0)
    asked_for = question.packet(1, edns=False)[12:]
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", TYPES[kind], 1, 60, len(data)) + data for data in datas
    )
    return head + asked_for + records


@given(answers)
def test_every_record_is_read_as_dnspython_reads_it(answer: tuple[str, list[bytes]]) -> None:
    kind, datas = answer
    question = Question("example.com", kind)
    wire = message(question, kind, datas)
    assert question.is_answered_by(wire)
    ours = question.read(wire).records
    assert sorted(set(ours)) == sorted(set(theirs(wire, kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_compressed_names_are_read(kind: str) -> None:
    query = dns.message.make_query("example.com", kind)
    wire = reply(query, f"example.com. 60 {kind} {RECORDS[kind]}").to_wire()
    assert Question("EXAMPLE.com", kind).read(wire).records == theirs(wire, kind)


def test_a_record_that_comes_twice_is_told_once() -> None:
    question = Question("example.com", "A")
    assert question.read(message(question, "A", [b"\1\2\3\4"] * 2)).records == ("1.2.3.4",)


def test_a_chain_is_followed_in_whatever_order_it_stands() -> None:
    query = dns.message.make_query("example.com", "A")
    chain = (
        "c.example. 9 A 192.0.2.7",
        "B.example. 9 CNAME c.EXAMPLE.",
        "x.example. 9 A 192.0.2.9",
    )
    wire = reply(query, *chain, "example.com. 9 CNAME b.example.").to_wire()
    assert Question("example.com", "A").read(wire).records == ("192.0.2.7",)


def test_a_chain_without_an_end_is_unreadable() -> None:
    query = dns.message.make_query("example.com", "A")
    loop = ("example.com. 9 CNAME b.example.", "b.example. 9 CNAME example.com.")
    with pytest.raises(Unreadable):
        Question("example.com", "A").read(reply(query, *loop).to_wire())


@pytest.mark.parametrize("code", ["NXDOMAIN", "REFUSED", "NOTZONE", "BADVERS"])
def test_codes_are_told_with_the_upper_bits_of_edns(code: str) -> None:
    answer = reply(dns.message.make_query("example.com", "A", use_edns=0), rcode=code)
    found = Question("example.com", "A").read(answer.to_wire()).code
    assert found == ("16" if code == "BADVERS" else code)


def test_of_a_truncated_answer_nothing_else_is_read() -> None:
    wire = truncated(dns.message.make_query("example.com", "A")).to_wire()
    assert Question("example.com", "A").read(wire[:12] + b"\xff").truncated


def test_other_questions_other_types_and_questions_are_no_answers() -> None:
    question = Question("example.com", "A")
    for name, kind in (("example.org", "A"), ("example.com", "AAAA"), ("a.example.com", "A")):
        other = reply(dns.message.make_query(name, kind))
        assert not question.is_answered_by(other.to_wire())
    assert not question.is_answered_by(question.packet(1))
    update = bytearray(message(question, "A", []))
    update[2] |= 5 << 3
    assert not question.is_answered_by(bytes(update))


def test_a_refusal_without_the_question_is_an_answer_and_records_without_it_are_none() -> None:
    question = Question("example.com", "A")
    assert question.is_answered_by(struct.pack("!HHHHHH", 1, 0x8185, 0, 0, 0, 0))
    assert not question.is_answered_by(struct.pack("!HHHHHH", 1, 0x8180, 0, 1, 0, 0))


def read_somehow(question: Question, wire: bytes) -> None:
    try:
        if question.is_answered_by(wire):
            question.read(wire)
    except Unreadable:
        pass


@given(st.sampled_from(KINDS), st.binary(max_size=120))
def test_any_octets_after_the_question_end_in_an_answer_or_unreadable(
    kind: str, rest: bytes
) -> None:
    question = Question("example.com", kind)
    head = struct.pack("!HHHHHH", 1, 0x8180, 1, 2, 1, 1)
    read_somehow(question, head + question.packet(1, edns=False)[12:] + rest)


@given(answers, st.data())
def test_any_damage_to_an_answer_ends_in_an_answer_or_unreadable(
    answer: tuple[str, list[bytes]], data: st.DataObject
) -> None:
    question = Question("example.com", answer[0])
    wire = bytearray(message(question, *answer))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    read_somehow(question, bytes(wire[: data.draw(st.integers(0, len(wire)))]))


def test_pointers_that_lead_nowhere_or_in_a_circle_are_unreadable() -> None:
    question = Question("example.com", "CNAME")
    for target in (b"\xc0\x29", b"\xc0\x2a", b"\xff\xff", b"\xc0", b"\x40a\0", b"\x05ab"):
        with pytest.raises(Unreadable):
            question.read(message(question, "CNAME", [target]))


def test_long_ways_of_pointers_are_not_followed() -> None:
    """Each pointer leads to the one before: thousands of such names would cost minutes."""
    question = Question("example.com", "TXT")
    hops = b"".join(struct.pack("!H", 0xC000 | at) for at in range(42, 12_000, 2))
    text = b"".join(b"\xff" + bytes(255) for _ in range(len(hops) // 256 + 1))
    wire = message(question, "TXT", [text[: len(text)]])
    begin = 12 + len(question.packet(1, edns=False)[12:]) + 12
    wire = wire[:begin] + hops + wire[begin + len(hops) :]
    last = struct.pack("!H", 0xC000 | begin + len(hops) - 2)
    many = (last + struct.pack("!HHIH", 16, 1, 0, 0)) * 3000
    wire = wire[:6] + struct.pack("!H", 3001) + wire[8:] + many
    with pytest.raises(Unreadable):
        question.read(wire)
