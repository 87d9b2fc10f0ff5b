"""What somebody might ask a leader: any endpoint and credential, with everything in it hostile.

An ask is made from its seed and its number alone, so that any can be made again.
"""

from __future__ import annotations

from random import Random
from urllib.parse import quote

from msgspec import Struct

from tests.fuzz import hostile
from tests.leader.credentials import CREDENTIALS, PUSH, shown

_MOSTLY = ("admin",) * 8 + ("secret", "editor", "node key") * 4
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
_OFTEN = {"GET": 2, "HEAD": 0.5, "POST": 4, "PUT": 4, "PATCH": 4, "DELETE": 0.5}
"""How often an endpoint is asked by method: what is sent is where most can be wrong."""
_KNOWN = {
    "monitors": ("m", "p"),
    "channels": ("c",),
    "nodes": ("n", "leader"),
    "users": ("viewer", "admin"),
    "tokens": ("viewer", "up_"),
    "push": (PUSH, "nobody's"),
    "badges": ("overall", "m", "m-uptime", "p-p"),
    "status": ("feed.atom", "feed.rss"),
    "static": ("status.css", "status.js"),
    "signal": ("start", "fail", "0", "255", "256"),
}
_SEGMENTS = (
    *(b"%00", b"%ff", b"%2e%2e", b"..", b".", b"%2f", b"%5c", b"%0d%0aX-A:%20b", b"%", b"%zz", b"%u0041"),
    *(b"a" * 3000, b"%F0%9F%8E%89", b"%ed%a0%80", b"'%22<script>", b"*", b"-1", b"0" * 400, b";a=b", b"~"),
    *(b"__proto__", b"%7B%7B7*7%7D%7D", b"a%20b", b"%C3%A9", b"{id}", b"m%00", b"m.svg", b"feed.atom%00"),
)  # fmt: skip
_QUERIES = (
    *("about", "before", "cursor", "dry_run", "format", "incident", "kind", "limit", "monitor", "name"),
    *("open", "parent", "prune", "range", "redact_secrets", "region", "since", "state", "status", "tag"),
    *("thread", "type", "until", "what", "who", "node_id", "wait", "partly", "after", "thing", "beyond"),
    *("boot", "token", "signal", "msg", "tz", "", "%00", "a" * 500),
)  # fmt: skip
_ANSWERS = (
    *(b"", b"0", b"1", b"-1", b"1e9", b"1e999", b"nan", b"inf", b"9" * 18, b"9" * 400, b"0x1", b"1_0"),
    *(b"true", b"false", b"null", b"m", b"c", b"n", b"monitor", b"channel", b"user", b"up", b"DOWN"),
    *(b"json", b"yaml", b"%00", b"%ff", b"%ed%a0%80", b"%F0%9F%8E%89", b"..%2f..", b"a" * 2000, b"%"),
    *(b"Europe/Berlin", b"../UTC", b"24h", b"90d", b"99999999999d", b"-5h", b"W10", b"WzEsIm0iXQ"),
    *(b"WzFlOTk5LCJtIl0", b"WzEsIlx1ZDgwMCJd", b"%E2%82%AC", b"\xb2", b"%C2%B2", b"2026-01-01", b"%27--"),
)  # fmt: skip
_HEADERS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"accept", (b"*/*", b"text/html", b";;q=x", b"\xff")),
    (b"accept-encoding", (b"gzip", b"br;q=nan", b"gzip;q=1e999", b"\xff")),
    (b"if-match", (b"*", b'"a"', b'W/"', b"\xff", b'"' * 99, b"", b"1", b'"1"')),
    (b"if-none-match", (b"*", b'"a"', b"W/", b"\xb2", b"," * 999)),
    (b"last-event-id", (b"a-1", b"-", b"-\xb2", b"\xff", b"1-" + b"9" * 99)),
    (b"content-type", (b"application/json", b"text/plain", b"multipart/form-data", b";", b"a/b;charset=x")),
    (b"content-encoding", (b"gzip", b"GZIP", b"identity", b"br", b"gzip, gzip", b"\xff", b"")),
    (b"content-length", (b"5", b"99999999999999999999", b"-1", b"\xb2", b"9" * 5000, b"+1", b"1_0")),
    (b"host", (b"a.example", b"[", b"[::1", b"a:b", b"a:99999999", b"\xff", b"", b"a/b?c", b"a@b", b"x\x7f")),
    (b"origin", (b"null", b"https://evil.example")),
    (b"range", (b"bytes=0-0", b"bytes=-", b"bytes=" + b"0-," * 999)),
    (b"cookie", (b"a=b", b"=;" * 999, b"\xff")),
    (b"x-forwarded-for", (b"192.0.2.1", b"::1%x", b"," * 999, b"\xff", b"1.1.1.1, bad")),
    (b"x-forwarded-proto", (b"https", b"javascript")),
    (b"x-http-method-override", (b"DELETE",)),
    (b"uptop-protocol", (b"1", b"\xb2", b"9" * 400)),
    (b"uptop-poll", (b"{}", b'{"id":"f","epoch":1}', b'{"id":"f","epoch":1e999}', b"[" * 9000, b"\xff")),
    (b"uptop-sighting", (b"{}", b'{"age_ms":1,"node":"n"}', b'{"age_ms":-1}', b"[" * 9000, b"\xff")),
    (b"authorization", (b"Bearer", b"Bearer \xff", b"Basic YTpi", b"Bearer " + b"a" * 9000, b" ", b"un_")),
    (b"x-upkeep-secret", (b"\xff", b"", b"a" * 9000)),
    (b"expect", (b"100-continue", b"200-ok")),
    (b"upgrade", (b"websocket", b"h2c")),
)  # fmt: skip


class Ask(Struct, frozen=True):
    """One request. The path is as it stands in the line, the body comes in these pieces."""

    number: int
    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: tuple[bytes, ...]
    credential: str


def ask(seed: int, number: int, endpoints: tuple[tuple[str, str], ...]) -> Ask:
    """The ask of this number, of a leader with these endpoints (method and path)."""
    chance = Random(f"{seed}:{number}")
    (method, path), *_ = chance.choices(endpoints, [_OFTEN[one] for one, _ in endpoints])
    credential = chance.choice((*CREDENTIALS, *_MOSTLY))
    if chance.random() < 0.05:
        method = chance.choice(METHODS)
    data, headers = b"", list(_shown(credential))
    if method in ("POST", "PUT", "PATCH") or chance.random() < 0.03:
        data = hostile.body(chance, path)
        if chance.random() < 0.1:
            headers.append((b"content-encoding", b"gzip"))
            data = hostile.packed(chance, data)
    if chance.random() < 0.7:
        headers.append((b"if-match", b"*"))
    for name, values in chance.sample(_HEADERS, chance.choice((0, 0, 0, 0, 0, 1, 2, 5))):
        headers.append((name, chance.choice(values)))
    if chance.random() < 0.97 and not any(name == b"host" for name, _ in headers):
        headers.append((b"host", b"leader.example"))
    chance.shuffle(headers)
    return Ask(
        number=number,
        method=method,
        path=_filled(chance, path),
        query=_query(chance, method, path),
        headers=tuple(headers),
        body=_cut(chance, data),
        credential=credential,
    )


def _shown(credential: str) -> tuple[tuple[bytes, bytes], ...]:
    headers, _ = shown(credential)
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


def _filled(chance: Random, path: str) -> bytes:
    """The path with something, known or hostile, for each of its parameters."""
    parts: list[bytes] = []
    place = ""
    for part in path.split("/"):
        name, brace, rest = part.partition("}")
        if brace:
            known = _KNOWN.get("signal" if name == "{signal" else place, ("none",))
            is_sent = part.startswith("{id}") and path.endswith("/test")  # it would tell somebody
            segment = quote(chance.choice(known)).encode() if not is_sent else b"none"
            if chance.random() < 0.2 and not is_sent:
                segment = chance.choice(_SEGMENTS)
            parts.append(segment + rest.encode())
        else:
            parts.append(part.encode())
            place = part
    if chance.random() < 0.05:
        parts.insert(chance.randrange(1, len(parts) + 1), chance.choice((b"", *_SEGMENTS)))
    return b"/".join(parts)


def _query(chance: Random, method: str, path: str) -> bytes:
    asked = [b"node_id=n"] if path == "/api/probe/assignments" else []
    some = (0, 1, 1, 2, 4) if method == "GET" else (0,) * 9 + (1,)
    for _ in range(chance.choice(some)):
        asked.append(chance.choice(_QUERIES).encode() + b"=" + chance.choice(_ANSWERS))
    return chance.choice((b"&", b"&", b"&", b";", b"&&")).join(asked)


def _cut(chance: Random, data: bytes) -> tuple[bytes, ...]:
    if chance.random() < 0.7:
        return (data,)
    at = chance.randrange(len(data) + 1)
    return (data[:at], b"", data[at:])
