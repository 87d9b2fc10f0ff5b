"""Monitors of Uptime Kuma that mean more, or less, than their fields seem to say."""

from __future__ import annotations

import json

import pytest

from tests.leader.declarations import monitor
from tests.leader.importing import imported, notes, planned_import, refused
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.websocket import WebsocketCheck


def of_monitor(**fields: object) -> str:
    """A backup with one monitor."""
    one = {"id": 1, "name": "one", "type": "http", "url": "https://example.com", **fields}
    proxies = [
        {"id": 1, "protocol": "http", "host": "p.example.com", "port": 3128, "active": True,
         "auth": True, "username": "ada", "password": "a:b"},
        {"id": 2, "protocol": "socks4", "host": "p.example.com", "port": 1080, "active": True},
        {"id": 3, "protocol": "socks5", "host": "p.example.com", "port": 1080, "active": False},
    ]  # fmt: skip
    return json.dumps({"monitorList": [one], "proxyList": proxies})


@pytest.mark.parametrize(
    ("number", "proxy", "told"),
    [
        (1, "http://ada:a%3Ab@p.example.com:3128", []),
        (2, None, ["! monitor one (http) is left out: it goes through a proxy of socks4"]),
        (3, "", []),
        (4, "", ["! without its proxy, which is not in the file: monitor one"]),
    ],
)
def test_a_monitor_goes_through_its_proxy_or_is_told(
    number: int, proxy: str | None, told: list[str]
) -> None:
    text = of_monitor(proxyId=number)
    assert notes(planned_import(text)) == told
    checks = [one.check for one in imported(text).monitors]
    assert [check.proxy for check in checks if isinstance(check, HttpCheck)] == (
        [] if proxy is None else [proxy]
    )


def test_credentials_in_a_url_are_taken_out_of_it() -> None:
    check = monitor(imported(of_monitor(url="https://ada:s%3Acret@example.com/x")), "one").check
    assert isinstance(check, HttpCheck)
    assert (check.url, check.username, check.password) == (
        "https://example.com/x", "ada", "s:cret",
    )  # fmt: skip


def test_a_login_in_headers_is_the_one_that_counts() -> None:
    text = of_monitor(
        url="https://ada:pw@example.com",
        headers='{"AUTHORIZATION": "token x"}',
        authMethod="basic",
        basic_auth_user="b",
        basic_auth_pass="c",
    )
    check = monitor(imported(text), "one").check
    assert isinstance(check, HttpCheck)
    assert (check.headers, check.username) == ({"AUTHORIZATION": "token x"}, "")


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({"url": "wss://ada:pw@example.com/x"}, "Basic YWRhOnB3"),
        (
            {"authMethod": "basic", "basic_auth_user": "ada", "basic_auth_pass": "pw"},
            "Basic YWRhOnB3",
        ),
        ({"authMethod": "bearer", "bearer_token": "x"}, "Bearer x"),
    ],
)
def test_a_websocket_logs_in_by_a_header(fields: dict[str, str], header: str) -> None:
    text = of_monitor(**{"type": "websocket-upgrade", "url": "wss://example.com/x", **fields})
    check = monitor(imported(text), "one").check
    assert isinstance(check, WebsocketCheck)
    assert (check.url, check.headers) == ("wss://example.com/x", {"Authorization": header})


@pytest.mark.parametrize(
    ("keyword", "condition"),
    [
        ('"status":"ok"', 'body matches \'"status"\\s*:\\s*"ok"\''),
        ('{"a":[1', r"""body matches '\{\s*"a"\s*:\s*\[\s*1'"""),
        ('say "hi"', "body contains 'say \"hi\"'"),
    ],
)
def test_a_keyword_out_of_json_is_found_however_it_is_spaced(keyword: str, condition: str) -> None:
    after = imported(of_monitor(type="keyword", keyword=keyword))
    assert [one.text for one in monitor(after, "one").check.conditions] == [condition]


@pytest.mark.parametrize(
    ("kind", "operator", "condition"),
    [
        ("A", "equals", 'dns == "x.example.com"'),
        ("MX", "equals", r'dns matches "\A\d+ x\.example\.com\Z"'),
        ("NS", "ends_with", r'dns matches "x\.example\.com\Z"'),
        ("SOA", "equals", r'dns matches "\Ax\.example\.com .*\Z"'),
        ("MX", "contains", 'dns contains "x.example.com"'),
    ],
)
def test_a_condition_on_records_means_the_part_that_kuma_looks_at(
    kind: str, operator: str, condition: str
) -> None:
    said = [{"variable": "record", "operator": operator, "value": "x.example.com"}]
    text = of_monitor(type="dns", hostname="example.com", dns_resolve_type=kind, conditions=said)
    assert [one.text for one in monitor(imported(text), "one").check.conditions] == [condition]


@pytest.mark.parametrize(
    ("query", "operator", "wanted", "condition"),
    [
        ("$count(data.items)", ">=", "3", "count(data.items) >= 3"),
        ("$count( $.items )", None, "2", "count($.items) == 2"),
        ("$.state", None, "ok", 'json($.state) == "ok"'),
    ],
)
def test_a_query_of_json_becomes_a_condition(
    query: str, operator: str | None, wanted: str, condition: str
) -> None:
    text = of_monitor(
        type="json-query", jsonPath=query, jsonPathOperator=operator, expectedValue=wanted
    )
    assert [one.text for one in monitor(imported(text), "one").check.conditions] == [condition]


def test_a_query_that_is_more_than_a_path_is_told() -> None:
    text = of_monitor(type="json-query", jsonPath="$sum(items.n)", expectedValue="3")
    assert notes(planned_import(text)) == [
        "! monitor one (json-query) is left out: the query $sum(items.n) is more than a path"
    ]


def test_an_interval_beyond_a_day_is_brought_near_and_told() -> None:
    text = of_monitor(interval=604_800, timeout=48)
    assert monitor(imported(text), "one").interval == 86_400
    assert notes(planned_import(text)) == ["! without the interval beyond a day: monitor one"]


def test_what_is_wrong_is_told_with_the_name_of_the_monitor() -> None:
    assert refused(of_monitor(url="example.com")) == [
        "sample: monitorList[0].url: must begin with http:// or https:// (in 'one')"
    ]
