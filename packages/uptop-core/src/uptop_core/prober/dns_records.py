"""DNS as people write it: servers, names, and records in one form that can be compared.

Needs no network: settings are judged by it as well as answers.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from uptop_core.targets import Address

# How many words a record of a kind has, and one to show. TXT is any text.
_FORMS = {
    "CNAME": (1, "www.example.com"),
    "NS": (1, "ns1.example.com"),
    "PTR": (1, "host.example.com"),
    "MX": (2, "10 mail.example.com"),
    "SRV": (4, "10 5 5060 sip.example.com"),
    "SOA": (7, "ns1.example.com admin.example.com 2024010101 7200 3600 1209600 300"),
    "CAA": (3, '0 issue "letsencrypt.org"'),
}
_SERVER = re.compile(r"\[(.+)\](?::(\d{1,5}))?|([^:]+)(?::(\d{1,5}))?|(.+)", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Server(Struct, frozen=True):
    """A DNS server: an address and a port."""

    address: Address
    port: int = 53

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return host if self.port == 53 else f"{host}:{self.port}"


def parse_server(text: str) -> Server:
    """`9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe`, `[2620:fe::fe]:53`. ValueError says what is wrong."""
    match = _SERVER.fullmatch(text)
    try:
        address = ip_address(match[1] or match[3] or match[5] if match else "")
        port = int(match[2] or match[4] or 53 if match else 0)
        if not 1 <= port <= 65_535:
            raise ValueError
    except ValueError:
        raise ValueError(
            "must be an IP address, with a port from 1 to 65535 if it is not 53,"
            f" such as 9.9.9.9, 9.9.9.9:5353 or [2620:fe::fe]:53; not '{text}'"
        ) from None
    return Server(address, port)


def name_problem(name: str) -> str | None:
    """What is wrong with a name to ask for (RFC 1035: labels of 1 to 63 octets, 253 in all)."""
    plain = name.removesuffix(".")
    if not plain and name == ".":
        return None
    if not all(sign.isprintable() and not sign.isspace() for sign in name):
        return "must hold no spaces and no control characters"
    if len(plain) > 253 or not all(1 <= len(label) <= 63 for label in plain.split(".")):
        return (
            f"'{name[:80]}' is no name: parts of 1 to 63 characters with dots between, 253 in all"
        )
    return None


def record_problem(text: str, kind: str) -> str | None:
    """What is wrong with an expected record of the type `kind`."""
    if kind in ("A", "AAAA"):
        try:
            if ip_address(text).version == (4 if kind == "A" else 6):
                return None
        except ValueError:
            pass
        example = "192.0.2.7" if kind == "A" else "2001:db8::7"
        return f"'{text}' is no record of type {kind}; write it like {example}"
    if kind not in _FORMS:
        return None if text else "is empty"
    words, example = _FORMS[kind]
    written = len(text.split())
    if written == words or (kind == "CAA" and written > words):
        return None
    return f"'{text}' is no record of type {kind}; write it like {example}"


def comparable(text: str, kind: str) -> str:
    """A record of the type `kind` in the one form that is compared and shown.

    Names lose their case and the dot at their end, addresses are in their short form, quotes go;
    the strings of a TXT record are joined and keep their case.
    """
    if kind == "TXT":
        quoted = _QUOTED.findall(text) if text.startswith('"') else []
        return re.sub(r"\\(.)", r"\1", "".join(quoted)) if quoted else text
    if kind in ("A", "AAAA"):
        return str(ip_address(text))
    return " ".join(_bare(word) for word in text.split())


def _bare(word: str) -> str:
    word = word.strip('"').lower()
    return word.removesuffix(".") or word
