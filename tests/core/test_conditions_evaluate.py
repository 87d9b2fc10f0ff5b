"""Conditions against what a look found: which fail, and what is said of it."""

import time

import pytest

from uptop_core.check import Condition
from uptop_core.conditions.evaluate import evaluate
from uptop_core.conditions.subjects import FOUND_LIMIT
from uptop_core.errors import ConfigError
from uptop_core.looks import Look, Vantage
from uptop_core.outcomes import FailedCondition, Timings

NOW = 1_700_000_000.0
JSON = (
    b'{"ok": true, "none": null, "count": 3, "price": "2.50", "name": "web-1", "tags": ["a", "b"],'
    b' "nested": {"items": [{"id": 7}]}, "token": "abc123"}'
)


def look_at(body: bytes = JSON, content_type: str = "application/json") -> Look:
    look = Look(Vantage(), 5.0)
    look.status = 200
    look.headers = {"Content-Type": content_type, "X-Count": "12", "Set-Cookie": "session=1"}
    look.body = body
    look.address = "192.0.2.7"
    look.cert_end = int((NOW + 10.5 * 86_400) * 1000)
    look.records = ("192.0.2.7", "mail.example.com")
    return look


def found(text: str, look: Look | None = None) -> str | None:
    timings = Timings(total_ns=734_000_000)
    failed = evaluate([Condition(text)], look or look_at(), timings, now=NOW)
    return failed[0].found if failed else None


HOLDS = [
    "status == 200", "status != 404", "status < 400", "status in [200, 204]", "status >= 200",
    "latency < 1s", "latency >= 734ms", "latency > 0.5s",
    "header[content-type] contains json", "header[X-COUNT] > 11", "header[x-count] == 12.0",
    'header[x-count] != "12.0"', "header[x-count] in [11, 12]",
    'body contains "web-1"', r'body matches web-\d', "body != x",
    "json(ok) == true", "json(none) == null", "json(count) == 3", "json(count) < 3.5",
    "json(price) == 2.5", 'json(price) == "2.50"', "json(name) == web-1", "json(name) matches ^web",
    "json(tags) contains b", "json(tags) == a", "json(tags[1]) == b", "json(tags) != c",
    "json(nested.items[0].id) in [7]", "json(nested.items[-1].id) == 7", "json($) contains count",
    "cert_days > 10", "cert_days < 10.6",
    "dns == 192.0.2.7", "dns == MAIL.example.com.", "dns != 192.0.2.8", "dns contains example",
    "ip == 192.0.2.7", "ip in [192.0.2.6, 192.0.2.7]", "ip matches ^192",
]  # fmt: skip


@pytest.mark.parametrize("text", HOLDS)
def test_a_condition_holds(text: str) -> None:
    assert found(text) is None


FAILS = [
    ("status == 503", "200"),
    ("status in [201, 204]", "200"),
    ("latency < 500ms", "734 ms"),
    ("header[x-count] > 12", '"12"'),
    ("header[content-type] == text/html", '"application/json"'),
    ("header[content-type] > 5", '"application/json", which is not a number'),
    ("header[missing] == 1", "no such header"),
    ("header[missing] != 1", "no such header"),
    ("header[set-cookie] contains admin", "a value that is not shown"),
    ("body contains nowhere", f"a body of {len(JSON)} characters"),
    ("json(ok) == false", "true"),
    ("json(name) == web-2", '"web-1"'),
    ("json(name) < 3", '"web-1", which is not a number'),
    ("json(count) > 3", "3"),
    ("json(tags) contains c", "a list of 2"),
    ("json(nested) == 1", "an object with 1 fields"),
    ("json(nested.items[3].id) == 7", "nothing at nested.items[3]"),
    ("json(token) == abc124", "a value that is not shown"),
    ("json(token) > 1", "a value that is not shown, which is not a number"),
    ("cert_days > 14", "10.5 days"),
    ("dns == 192.0.2.8", "192.0.2.7, mail.example.com"),
    ("dns != 192.0.2.7", "192.0.2.7, mail.example.com"),
    ("ip != 192.0.2.7", "192.0.2.7"),
]


@pytest.mark.parametrize(("text", "said"), FAILS)
def test_a_condition_that_fails_says_what_was_found(text: str, said: str) -> None:
    assert found(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status == 200", "no status"),
        ("ip == ::1", "no address"),
        ("dns == 192.0.2.7", "no records"),
        ("cert_days > 1", "no certificate"),
        ("json(a) == 1", "an empty body"),
        ("body == x", "an empty body"),
    ],
)
def test_where_nothing_was_found_the_condition_fails(text: str, said: str) -> None:
    assert found(text, Look(Vantage(), 5.0)) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"[" * 100_000, "JSON that is nested too deep"),
        (b'{"b": 1}', "nothing at a"),
        (b'{"a": {}}', "an object with 0 fields"),
    ],
)
def test_a_body_that_has_no_such_json_says_why(body: bytes, said: str) -> None:
    assert found("json(a) == 1", look_at(body)) == said


def test_the_body_is_read_in_its_own_character_set() -> None:
    body = "größe".encode("latin-1")
    assert found("body == größe", look_at(body, "text/plain; charset=ISO-8859-1")) is None
    assert found("body == größe", look_at(body, "text/plain")) is not None
    assert found("body == größe", look_at("größe".encode(), "text/plain; charset=punycode")) is None
    assert found("body == größe", look_at("größe".encode(), "text/plain; charset=cp9999")) is None


@pytest.mark.parametrize("text", ["body == ok", 'body == "ok "', "body in [ok, fine]"])
def test_the_space_around_a_body_does_not_count(text: str) -> None:
    assert found(text, look_at(b"\r\n ok\n")) is None
    assert found(text, look_at(b"not ok\n")) is not None
    assert found("body == 42", look_at(b"42.0\n")) is None
    assert found("body > 41", look_at(b"42\n")) is None
    assert found("body != ok", look_at(b"ok\n")) is not None


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("list", 3),
        ("object", 2),
        ("text", 5),
        ("number", 1),
        ("nothing", 0),
        ("no.such", 0),
        ("$", 5),
    ],
)
def test_what_is_there_is_counted(path: str, count: int) -> None:
    body = b'{"list": [1, 2, 3], "object": {"a": 1, "b": 2}, "text": "hello", "number": 7, "nothing": null}'
    assert found(f"count({path}) == {count}", look_at(body)) is None
    assert found(f"count({path}) > {count}", look_at(body)) == str(count)
    assert found(f"count({path}) in [{count}, 99]", look_at(body)) is None
    assert found(f"count({path}) >= 0", look_at(b"<html>")) == "not JSON"
    assert found(f"count({path}) >= 0", look_at(b"")) == "an empty body"


def test_json_may_begin_with_a_byte_order_mark() -> None:
    assert found("json(a) == 1", look_at(b'\xef\xbb\xbf{"a": 1}')) is None


def test_what_is_found_is_short_and_holds_no_control_characters() -> None:
    look = look_at(b'{"name": "' + b"\\u001b[31m\\u202e\\n" * 40 + b'"}')
    said = found("json(name) == x", look)
    assert said is not None
    assert said.startswith(r'"\x1b[31m\u202e\n')
    assert said.isprintable()
    assert len(said) <= FOUND_LIMIT


def test_a_pattern_that_takes_too_long_fails_and_ends() -> None:
    began = time.perf_counter()
    said = found("body matches ^(a|a)*$", look_at(b"a" * 40 + b"!"))
    assert said == "the pattern took too long"
    assert time.perf_counter() - began < 2


def test_a_pattern_has_one_time_limit_for_a_whole_list() -> None:
    hard = f'"{"a" * 16}!"'  # some milliseconds each
    body = f"[{','.join([hard] * 2000)}]".encode()
    began = time.perf_counter()
    assert found("json($) matches ^(a|a)*$", look_at(body)) == "the pattern took too long"
    assert time.perf_counter() - began < 2


def test_all_that_fail_are_told_in_order_and_soft_ones_as_such() -> None:
    conditions = [
        Condition("status == 503"),
        Condition("status == 200"),
        Condition("latency < 1ms", soft=True),
    ]
    assert evaluate(conditions, look_at(), Timings(total_ns=2_500_300), now=NOW) == (
        FailedCondition("status == 503", "200"),
        FailedCondition("latency < 1ms", "2.5 ms", soft=True),
    )


def test_a_text_that_is_no_condition_is_our_own_fault() -> None:
    with pytest.raises(ConfigError, match="statsu"):
        found("statsu == 1")
