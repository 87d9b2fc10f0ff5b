"""DNS messages (RFC 1035): a question written once, and as much of an answer as a check needs.

A check asks for one name and one type, so only these records are read; of the rest no more than
where it ends. Whatever the octets are, reading them ends in an `Answer` or in `Unreadable`, in time
and memory of their size: a pointer must lead backwards, and no name is longer than 255 octets.
"""

from __future__ import annotations

import re
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.prober.dns_rdata import TYPES, Unreadable, name_at, record_text, skip_name
from uptop_core.targets import ascii_name

if TYPE_CHECKING:
    from collections.abc import Iterator

EDNS_SIZE = (
    1232  # octets: what passes without fragments on practically all ways (DNS flag day 2020)
)

_HEADER = struct.Struct("!HHHHHH")  # id, flags, and the number of records of four sections
_QUESTION_END = struct.Struct("!HH")  # type, class
_RECORD = struct.Struct("!HHIH")  # type, class, seconds to live, octets of data
_OPTIONS = b"\0" + _RECORD.pack(41, EDNS_SIZE, 0, 0)  # EDNS(0), RFC 6891
_ASK = 0x0100  # recursion desired
_ANSWER, _OPCODE, _TRUNCATED = 0x8000, 0x7800, 0x0200
_INTERNET, _CNAME = 1, TYPES["CNAME"]
_SAME_NAME = b"\xc0\x0c"  # a pointer to the question
_CODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
)  # fmt: skip
_WITHOUT_QUESTION = {1, 2, 4, 5}  # codes of servers that do not repeat what they did not take
_LONGEST_CHAIN = 16
_ESCAPED = re.compile(r"\\(?:(\d{3})|(.))|([^\\.]+)|(\.)", re.DOTALL)


class Answer(Struct, frozen=True):
    """What a server said. `code` is the rcode as people write it; `records` are those of the type
    that was asked for, at the end of the chain of CNAMEs, as `comparable` writes them; where there
    are none, `alias` is the name at that end, if there is a chain. Of one that is `truncated`
    nothing else is known.
    """

    code: str
    records: tuple[str, ...] = ()
    alias: str = ""
    truncated: bool = False

    @property
    def knows_no_edns(self) -> bool:
        """Whether this may be how a server says that EDNS is new to it."""
        return self.code in ("FORMERR", "NOTIMP")


class Question:
    """One name and type, as it stands in messages."""

    def __init__(self, hostname: str, kind: str) -> None:
        """With PTR, an address is asked for under its reverse name. Raises ValueError, with a
        sentence, for a name that cannot be asked for.
        """
        name = _wire_name(_reverse(hostname) if kind == "PTR" else hostname)
        self.kind = kind
        self._type = TYPES[kind]
        self._octets = name + _QUESTION_END.pack(self._type, _INTERNET)
        self._name = name.lower()

    def packet(self, number: int, *, edns: bool = True) -> bytes:
        """The message that asks, with `number` as its id."""
        head = _HEADER.pack(number, _ASK, 1, 0, 0, 1 if edns else 0)
        return head + self._octets + (_OPTIONS if edns else b"")

    def is_answered_by(self, wire: bytes) -> bool:
        """Whether a message answers this question, ids apart; its records may be broken. Raises
        Unreadable for what is too short to say.
        """
        if len(wire) < _HEADER.size:
            raise Unreadable
        _, flags, questions, *_ = _HEADER.unpack_from(wire)
        if not flags & _ANSWER or flags & _OPCODE:
            return False
        if questions == 0:
            return flags & 15 in _WITHOUT_QUESTION
        begin, name_end = _HEADER.size, _HEADER.size + len(self._name)
        return (
            questions == 1
            and wire[begin:name_end].lower() == self._name
            and wire[name_end : begin + len(self._octets)] == self._octets[len(self._name) :]
        )

    def read(self, wire: bytes) -> Answer:
        """Read a message that answers this. Raises Unreadable."""
        _, flags, questions, answers, authorities, additions = _HEADER.unpack_from(wire)
        if flags & _TRUNCATED:
            return Answer("", truncated=True)
        code = flags & 15
        at = _HEADER.size + len(self._octets) * questions
        found: list[tuple[bytes, int, int, int]] = []
        try:
            for number in range(answers + authorities + additions):
                owner_at, at = at, skip_name(wire, at)
                kind, of, ttl, size = _RECORD.unpack_from(wire, at)
                at += _RECORD.size
                if number < answers and of == _INTERNET and kind in (self._type, _CNAME):
                    found.append((self._owner(wire, owner_at), kind, at, size))
                elif kind == 41 and number >= answers + authorities:
                    code |= ttl >> 24 << 4
                at += size
                if at > len(wire):
                    raise Unreadable
            records, alias = self._records(wire, found) if code == 0 else ((), "")
        except struct.error:
            raise Unreadable from None
        return Answer(_CODES[code] if code < len(_CODES) else str(code), records, alias)

    def _owner(self, wire: bytes, at: int) -> bytes:
        return self._name if wire[at : at + 2] == _SAME_NAME else name_at(wire, at)[0]

    def _records(
        self, wire: bytes, found: list[tuple[bytes, int, int, int]]
    ) -> tuple[tuple[str, ...], str]:
        """Follow the aliases to the records, each of which is told once, or as far as they lead."""
        name, alias = self._name, ""
        for _ in range(_LONGEST_CHAIN + 1):
            here = [entry for entry in found if entry[0] == name]
            wanted = [entry for entry in here if entry[1] == self._type]
            if wanted:
                texts = (record_text(wire, at, size, self.kind) for _, _, at, size in wanted)
                return tuple(dict.fromkeys(texts)), ""
            if not here:
                return (), alias
            at, size = here[0][2:]
            name, alias = name_at(wire, at)[0], record_text(wire, at, size, "CNAME")
        raise Unreadable


def _reverse(hostname: str) -> str:
    try:
        return ip_address(hostname).reverse_pointer
    except ValueError:
        return hostname


def _wire_name(text: str) -> bytes:
    """A name as messages hold it: labels, each behind its length, and an empty one at the end."""
    if not text.isascii():
        text = ascii_name(text)
    wire = b"".join(bytes([len(label)]) + label for label in _labels(text)) + b"\0"
    if len(wire) > 255:
        raise ValueError(f"{text[:80]} is longer than a name in DNS can be")
    return wire


def _labels(text: str) -> Iterator[bytes]:
    r"""The labels of a name in which `\.` and `\DDD` stand for octets, as in zone files."""
    if "\\" in text:
        octets, labels = bytearray(), []
        for match in _ESCAPED.finditer(text.removesuffix(".") + "."):
            number, sign, plain, dot = match.groups()
            if dot:
                labels.append(bytes(octets))
                octets.clear()
            else:
                octets += bytes([int(number) & 255]) if number else (sign or plain).encode()
    else:
        labels = text.encode().removesuffix(b".").split(b".")
    for label in labels:
        if not 1 <= len(label) <= 63 and text != ".":
            raise ValueError(f"{text[:80]} is no name: a part of it has not 1 to 63 octets")
        if label:
            yield label
