"""What others find otherwise than we do, and why ours is right. One that is no more fails."""

from __future__ import annotations

from collections.abc import Iterator

_NEVER_ENDS = "we stop reading at 1 MiB and judge by what came; they wait for the end in vain"
_LENIENT = "it takes {0} for right"
_LENGTH = "a length that is no number (RFC 9110, section 8.6) may hide another answer behind it"
_SMUGGLES = "RFC 9112, section 5, has it refused, since two readers would read two answers"
_CUT_OFF = "a head that is cut off is no answer: whoever sent it died in the middle"
_SAFER = "we refuse what could lead a check astray: {0}"
_NO_REDIRECT = "RFC 9110, section 15.4, redirects by 301, 302, 303, 307 and 308; {0}"

# animal: {asker: what it finds}, why
_TABLE: dict[str, tuple[dict[str, str], str]] = {
    "lower-case http": (
        {"curl": "200 /"},
        "the name is written in capitals (RFC 9112, section 2.3)",
    ),
    "a version of letters": ({"curl": "200 /"}, _LENIENT.format("HTTP/x.y")),
    "101 that nobody asked for": (
        {"by_httpx": "protocol_error", "httpx": "RemoteProtocolError"},
        "the status that came says more than that there was none; both are DOWN",
    ),
    "a length with a sign": ({"curl": "200 /"}, _LENGTH),
    "a hexadecimal length": ({"curl": "200 /"}, _LENGTH),
    "a length with a fraction": ({"curl": "200 /"}, _LENGTH),
    "a length beyond 64 bits": ({"curl": "200 /"}, "nobody can have that many bytes to send"),
    "a length of a thousand digits": ({"curl": "200 /"}, "nobody can have that many bytes to send"),
    "two lengths that differ": ({"curl": "200 /"}, "nobody can say which is right"),
    "two lengths in one line": ({"curl": "200 /"}, "nobody can say which is right"),
    "chunked twice": (
        {"by_httpx": "protocol_error", "httpx": "RemoteProtocolError"},
        "it is plain what was meant, and nothing comes after it that could be misread",
    ),
    "a transfer coding that nobody knows": (
        {"by_httpx": "protocol_error", "httpx": "RemoteProtocolError", "curl": "exit 61"},
        "such a body lasts until the close (RFC 9112, section 6.3); conditions see what came",
    ),
    "a first header that is folded": (
        {"by_httpx": "protocol_error", "httpx": "RemoteProtocolError", "curl": "exit 43"},
        "RFC 9112, section 2.2, lets a reader skip such a line, as browsers do",
    ),
    "a return in a header": ({"curl": "200 /"}, _SMUGGLES),
    "a line of only a colon": ({"curl": "200 /"}, "a header without a name"),
    "a space before the colon": ({"curl": "200 /"}, _SMUGGLES),
    "a space in a name": ({"curl": "200 /"}, _SMUGGLES),
    "a name that is not ASCII": ({"curl": "200 /"}, "names are tokens (RFC 9110, section 5.1)"),
    "only a status line": ({"curl": "200 /"}, _CUT_OFF),
    "half a header": ({"curl": "200 /"}, _CUT_OFF),
    "half a head": ({"curl": "200 /"}, _CUT_OFF),
    "a body without end": ({"httpx": "TimeoutError", "curl": "exit 28"}, _NEVER_ENDS),
    "chunks without end": ({"httpx": "TimeoutError", "curl": "exit 28"}, _NEVER_ENDS),
    "ten gigabytes": ({"httpx": "TimeoutError", "curl": "exit 28"}, _NEVER_ENDS),
    "a coding that nobody knows": (
        {"curl": "exit 61"},
        "an answer came, with the right status; what is in its body is for conditions to say",
    ),
    "two members of gzip": ({"curl": "exit 23"}, "they are one body (RFC 1952, section 2.2)"),
    "gzip with rubbish after it": (
        {"curl": "exit 23"},
        "what was packed is all there and its sum is right",
    ),
    "an empty place": (
        {"curl": "302 /"},
        "an empty reference means the same page (RFC 3986, section 4.4), which makes a loop",
    ),
    "to credentials": (
        {"httpx": "200 /b", "curl": "200 /b"},
        _SAFER.format("credentials that somebody else chose are not sent"),
    ),
    "to a number in disguise": (
        {"httpx": "200 /b", "curl": "200 /b"},
        _SAFER.format("programs disagree on what host such a number is"),
    ),
    "300 with a place": ({"curl": "200 /b"}, _NO_REDIRECT.format("300 leaves the choice open")),
    "304 with a place": ({"curl": "200 /b"}, _NO_REDIRECT.format("304 is no redirect")),
    "305 with a place": ({"curl": "200 /b"}, _NO_REDIRECT.format("305 is abolished")),
    "two places": (
        {"curl": "200 /b"},
        "nobody can say which is meant; one of them, by luck, would hide the fault",
    ),
    "ALPN: h2 offered and not spoken": (
        {"curl": "exit 52", "by_httpx": "protocol_error"},
        "they ask for HTTP/2; who does not want it is not given it",
    ),
}


def differences() -> Iterator[tuple[str, str, str, str]]:
    """Each row: the animal, the asker, what it finds, and why ours is right."""
    for animal, (finds, why) in _TABLE.items():
        for asker, found in finds.items():
            yield animal, asker, found, why


def known(animal: str, asker: str) -> str | None:
    """What this asker finds otherwise; None where it agrees."""
    return _TABLE[animal][0].get(asker) if animal in _TABLE else None
