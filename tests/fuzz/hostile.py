"""What somebody may send who means no good: values, and bodies that were right before."""

from __future__ import annotations

import copy
import gzip
import json
import math
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

_SAMPLES = Path(__file__).parents[1] / "leader/imports/samples"
_WEB = {"type": "http", "url": "https://a.example.com/", "interval": 60}
_ROW = {"thing": "channel", "key": ["c"], "row": {"id": "c", "name": "c", "provider": "{}"}}
_RESULT = {"monitor_id": "m", "is_up": True, "latency_ns": 1, "age_ms": 0, "seq": 1}
_FAILED = {
    **_RESULT, "is_up": False, "error_reason": "no answer", "reason": "timeout", "seq": 2,
    "checked_at": 1_700_049_600_000, "proof": "host", "recheck": "r", "address": "192.0.2.1",
    "status_code": 503, "cert_end": 1, "sample": "x", "timings": {"dns_ns": 1, "connect_ns": 2},
    "failed": [{"condition": "[STATUS] == 200", "seen": "503"}],
}  # fmt: skip
_MONITOR = {
    "name": "new", "check": {"type": "http", "url": "https://a.example.com/"}, "interval": 30.0,
    "tags": ["a"], "channels": ["c"], "regions": ["eu"], "retries": 1,
}  # fmt: skip
_CHANNEL = {"name": "new", "provider": {"type": "webhook", "url": "http://127.0.0.1:9/"}}
_MAINTENANCE = {
    "name": "new",
    "rrule": "FREQ=DAILY",
    "duration": 60,
    "timezone": "UTC",
    "all": True,
}
_DOCUMENT = {
    "alerts": [{"name": "ops", "type": "webhook", "settings": {"url": "http://127.0.0.1:9/"}}],
    "monitors": [{"name": "A", "alerts": ["ops"], **_WEB}, {"name": "B", "parent": "A", **_WEB}],
    "maintenance": [{"name": "w", "start": "2026-01-01 00:00", "end": "2026-01-02", "all": True}],
}

BODIES: dict[str, tuple[Any, ...]] = {
    "/api/probe/register": (
        {
            "id": "n",
            "name": "N",
            "region": "eu",
            "version": "1",
            "instance": "one",
            "kinds": ["http"],
        },
    ),
    "/api/probe/results": (
        {"node_id": "n", "instance": "one", "results": [_RESULT, _FAILED]},
        {
            "node_id": "n",
            "instance": "one",
            "sent_at": 1,
            "dropped": 1,
            "missed": 2,
            "lag_ms": 3,
            "offset_ms": -4,
            "rtt_ms": 5,
            "dropped_total": 6,
            "missed_total": 7,
            "waiting": 8,
            "lost_ages_ms": [9, 8],
            "canaries": {"count": 2, "up": 1, "failed": 1, "age_ms": 3},
            "stopping": False,
            "results": [_RESULT],
        },
    ),
    "/api/v1/monitors": (_MONITOR,),
    "/api/v1/monitors/{id}": (_MONITOR, {"interval": 90}, {"check": {"timeout": 2}}),
    "/api/v1/pause": ({"monitors": ["m", "p"]},),
    "/api/v1/resume": ({"monitors": ["m", "p"]},),
    "/api/v1/recheck": ({"monitors": ["m", "p"]},),
    "/api/v1/channels": (_CHANNEL,),
    "/api/v1/channels/{id}": (_CHANNEL, {"title": "{{ monitor.name }}"}, {"body": "{% if %}"}),
    "/api/v1/maintenance": (_MAINTENANCE, {"name": "x", "start": 1, "end": 2, "monitors": ["m"]}),
    "/api/v1/maintenance/{id}": (_MAINTENANCE, {"timezone": "Europe/Berlin"}),
    "/api/v1/posts": (
        {"kind": "identified", "words": "we **look**", "title": "slow", "monitors": ["m"], "at": 1},
        {"kind": "resolved", "words": "done", "thread": "none", "incident": "none"},
    ),
    "/api/v1/posts/{id}": ({"kind": "resolved", "words": "over", "title": "t", "monitors": []},),
    "/api/v1/nodes/{id}/key": ({"region": "eu"},),
    "/api/v1/nodes/{id}/key/rotate": ({"overlap": 60},),
    "/api/v1/users": ({"name": "eve", "role": "viewer"},),
    "/api/v1/users/{id}": ({"role": "editor"},),
    "/api/v1/tokens": ({"name": "t", "user": "viewer", "expires": 2_000_000_000_000},),
    "/api/v1/apply": (_DOCUMENT,),
    "/api/backup/import": (_DOCUMENT, {"sites": [{"name": "s", "url": "https://s.example.com"}]}),
    "/api/follower/give": ({"epoch": 1, "cluster": "c", "base": 0, "changes": [_ROW]},),
}
"""What is sent to an endpoint by who means well; to those without a line of their own anything."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, -0.0, 2**31, 2**53, 2**53 + 1, 2**63, -(2**63) - 1, 2**64),
    *(10**30, 10**400, 1e308, -1e308, 1e-320, math.nan, math.inf, -math.inf),
    *("", " ", "a", "m", "c", "n", "0", "-1", "1e999", "NaN", "null", "true", "a" * 300),
    *("\0", "\ud800", "\udcff", "\x1b[2J", "\u202e", "\ufeff", "🎉", "é" * 120, "\r\nX-A: b"),
    *("../../etc/passwd", "'; DROP TABLE monitor; --", "<script>alert(1)</script>", "%s%n%x", "${PATH}"),
    *("{{ 7 * 7 }}", "{{ ''.__class__ }}", "{% for a in range(10**9) %}x{% endfor %}", "(a+)+$"),
    *("http://[", "http://a b/", "//", "https://[::1]:99999/", "javascript:1", "http://\ud800/"),
    *("FREQ=SECONDLY", "FREQ=DAILY;COUNT=999999999999", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    *("DTSTART:00000101T000000Z", "0 0 31 2 *", "Europe/Nowhere", "../UTC", "9999-12-31", "0000-00-00"),
    *("admin", "success", "http", "webhook", "eu", "[STATUS] == ", "[BODY].a[99999999999] == 1"),
    *([], [[]], [None], {}, {"": ""}, {"type": "http"}, {"type": []}, ["a"] * 2000),
)  # fmt: skip

_DEEP = (
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"[" * 500 + b"]" * 500,
    b'{"a":' * 400 + b"1" + b"}" * 400,
)
_RAW = (
    *(b"", b"null", b"[]", b"{}", b'""', b"1e999", b"NaN", b"\xff\xfe\0", b"\xef\xbb\xbf{}", b"{"),
    *(b"a: &a [*a]", b"a: &a [x]\nb: [*a, *a]", b"!!python/object/apply:os.system [id]", b"\0" * 99),
    *(b"--- a\n--- b", b"? [a]\n: b", b"monitors: [{name: \xff}]", b"1" * 5000, b"a: 0x" + b"f" * 5000),
    *(b"\xed\xa0\x80", b'"\\ud800"', b"a=b&c=d", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
    *(b"a: 2026-13-45", b"<<: [1]", b"{a: }", b"- " * 3000, b"{" * 3000, b"a: " * 3000, *_DEEP),
)  # fmt: skip


def body(chance: Random, path: str) -> bytes:
    """A body for an endpoint: right, nearly right, or nothing like it."""
    kind = chance.random()
    if kind < 0.15:
        return chance.choice(_RAW)
    if kind < 0.2 and path in ("/api/backup/import", "/api/import/kuma", "/api/v1/apply"):
        return _scratched(chance, chance.choice(_samples()))
    if path == "/api/import/kuma":
        sent = copy.deepcopy(_kuma())
    else:
        sent = copy.deepcopy(chance.choice(BODIES.get(path, ({},))))
    changes = chance.choice((0, 1, 1, 1, 2, 3, 8))
    for _ in range(changes if path != "/api/import/kuma" else changes * 5):
        sent = _changed(chance, sent)
    data = json.dumps(sent).encode()
    return _scratched(chance, data) if chance.random() < 0.15 else data


def packed(chance: Random, data: bytes) -> bytes:
    """As gzip, whole, cut off, lengthened, or a bomb; or not gzip at all."""
    whole = gzip.compress(data, mtime=0)
    ways = (
        whole,
        whole,
        whole[:-5],
        whole + b"x",
        whole + whole,
        data,
        zlib.compress(data),
        _bomb(),
    )
    return chance.choice(ways)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * (64 * 1024 * 1024), mtime=0)


@cache
def _samples() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(_SAMPLES.iterdir()))


@cache
def _kuma() -> Any:
    return json.loads((_SAMPLES / "kuma.json").read_bytes())


def _changed(chance: Random, sent: Any) -> Any:
    """`sent` with one thing in it made wrong."""
    value = copy.deepcopy(chance.choice(VALUES))
    places = list(_places(sent))
    if not places:
        return value
    inside, key = chance.choice(places)
    way = chance.random()
    if way < 0.7:
        inside[key] = value
    elif way < 0.8:
        del inside[key]
    elif isinstance(inside, list):
        inside[key:key] = [copy.deepcopy(inside[key])] * chance.choice((1, 3, 100))
    elif isinstance(value, str):
        inside[value] = inside[key]
    else:
        inside[f"{key}s"] = value
    return sent


def _places(sent: Any) -> Any:
    """Everything that has a key or an index, with what it is in."""
    items = (
        sent.items()
        if isinstance(sent, dict)
        else enumerate(sent)
        if isinstance(sent, list)
        else ()
    )
    for key, value in items:
        yield sent, key
        yield from _places(value)


def _scratched(chance: Random, data: bytes) -> bytes:
    """With a few bytes wrong."""
    at = chance.randrange(len(data) + 1)
    way = chance.randrange(4)
    if way == 0:
        return data[:at]
    if way == 1:
        return (
            data[:at]
            + chance.choice((b"\xff", b"\0", b"\xed\xa0\x80", b"\\u", b'"', b"&", b"*"))
            + data[at:]
        )
    if way == 2:
        return data[:at] + chance.randbytes(3) + data[at + 3 :]
    return data[:at] + data[at : at + 50] * 20 + data[at:]
