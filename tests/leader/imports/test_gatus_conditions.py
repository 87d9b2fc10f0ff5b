"""Conditions of Gatus: what each becomes, and that it means the same for what comes from a target."""

from __future__ import annotations

import json

import pytest

from tests.leader.declarations import monitor
from tests.leader.importing import imported, notes, planned_import
from uptop_core.check import Condition
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.domain import DomainCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.checks.ssh import SshCheck
from uptop_core.checks.websocket import WebsocketCheck
from uptop_core.conditions.evaluate import evaluate
from uptop_core.looks import Look, Vantage
from uptop_core.outcomes import Timings
from uptop_leader.imports.gathering import NoCounterpart
from uptop_leader.imports.gatus_conditions import domain_days, translated
from uptop_leader.imports.globs import fitting


def holds(text: str, *, body: str = "", records: tuple[str, ...] = (), kind: str = "") -> bool:
    """Whether what a condition becomes holds for a body, or for the records of a type."""
    look = Look(Vantage(), 5.0)
    look.body, look.records = body.encode(), records
    said = translated(text, "dns" if kind else "http", kind)
    expected = said.get("expected", [])
    conditions = [Condition(one) for one in said.get("conditions", [])]
    conditions += [Condition(f"dns == {one}") for one in expected]
    return not evaluate(conditions, look, Timings())


def endpoint(**fields: object) -> str:
    """A configuration with one endpoint."""
    return json.dumps({"endpoints": [{"name": "one", **fields}]})


@pytest.mark.parametrize(
    ("text", "body", "is_met"),
    [
        ("[BODY] == pong", "pong\n", True),
        ("[body] == pong", "ping\n", False),
        ("[BODY] == any(ok, fine)", "\tfine\r\n", True),
        ("[BODY] != pat(*error*)", "all is well", True),
        ("[BODY] != pat(*error*)", "an error, again", False),
        ("[BODY] == pat(v[0-9].[!^]*)", "v2.!\n", True),
        ("[BODY] == pat(v[^0-9]*)", "v2", False),
        ("[BODY] == pat(*a*b?)", "xx a yy b\nz bc\n", True),
        ("[BODY] == pat(*a*b?)", "xx b yy a b", False),
        ("[BODY] == pat(\\*)", "*", True),
        ("[BODY] == pat(*)", "", True),
        ("[BODY].user.name == pat(jo*n)", '{"user": {"name": "jordan"}}', True),
        ("[BODY].ok == true", '{"ok": true}', True),
        ("[BODY][1].id != 7", '[{"id": 7}, {"id": 8}]', True),
        ("len([BODY].data) < 3", '{"data": [1, 2]}', True),
        ("2 < len([BODY].data)", '{"data": [1, 2]}', False),
        ("len([BODY].name) == 4", '{"name": "john"}', True),
        ("len([BODY]) == 2", "[1, 2]", True),
        ("has([BODY].errors) == false", '{"data": 7}', True),
        ("has([BODY].errors) == false", '{"errors": ["no"]}', False),
        ("has([BODY].users[0].name) == true", '{"users": [{"name": "ada"}]}', True),
        ("has([BODY].users[0].name) != true", '{"users": []}', True),
        ("has([BODY].a) == true", "not json", False),
    ],
)
def test_a_condition_on_a_body_means_the_same(text: str, body: str, is_met: bool) -> None:
    assert holds(text, body=body) is is_met


@pytest.mark.parametrize(
    ("kind", "text", "record"),
    [
        ("A", "[BODY] == 192.0.2.7", "192.0.2.7"),
        ("NS", "[BODY] == pat(*.iana-servers.net.)", "b.iana-servers.net"),
        ("CNAME", "[BODY] == Example.com.", "example.com"),
        ("MX", "[BODY] == mail.example.com.", "10 mail.example.com"),
        ("MX", "[BODY] == any(mx1.example.com., mx2.example.com.)", "20 mx2.example.com"),
        ("MX", "[BODY] == pat(*.example.com.)", "5 mail.example.com"),
        ("SRV", "[BODY] == sip.example.com.:5060", "10 5 5060 sip.example.com"),
        ("TXT", "[BODY] == pat(*v=spf1 *)", "v=spf1 -all"),
    ],
)
def test_a_condition_on_a_record_means_its_name(kind: str, text: str, record: str) -> None:
    assert holds(text, records=(record,), kind=kind)
    assert not holds(
        text, records=(record.replace("e", "o").replace("7", "8").replace("v=", "w="),), kind=kind
    )


def test_a_record_that_there_cannot_be_has_no_counterpart() -> None:
    with pytest.raises(NoCounterpart):
        translated("[BODY] == www.example.com.", "dns", "A")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[STATUS] == 999", "http"),
        ("[STATUS] == any(200, 999)", "http"),
        ("[DNS_RCODE] == YXDOMAIN", "dns"),
        ("[BODY].result >= 0", "websocket"),
        ("[BODY] == pat(a*b)", "port"),
        ("[BODY] == any(a, b)", "port"),
        ("[BODY] == x", "ping"),
        ("[BODY] != any(a, b)", "dns"),
        ("len([BODY].a) == pat(*)", "http"),
        ("has([BODY].a) == yes", "http"),
        ("len([STATUS]) == 3", "http"),
    ],
)
def test_what_would_always_fail_here_has_no_counterpart(text: str, kind: str) -> None:
    with pytest.raises(NoCounterpart):
        translated(text, kind, "MX")


def test_a_pattern_with_several_stars_goes_back_nowhere() -> None:
    long = "ab " * 300_000
    assert not holds("[BODY] == pat(*a*b*c*)", body=long)
    assert holds("[BODY] != pat(*a*b*c*)", body=long)
    assert fitting("*") == r"\A"


def test_what_a_port_is_asked_is_awaited() -> None:
    url, body = "tcp://db.example.com:6379", "PING\r\n\\"
    asked = imported(endpoint(url=url, body=body, conditions=["[BODY] == pat(*PONG*)"]))
    assert monitor(asked, "one").check == PortCheck(
        hostname="db.example.com", port=6379, send=r"PING\r\n\\", expect="PONG"
    )
    whole = imported(endpoint(url=url, body=body, conditions=["[BODY] == +PONG"]))
    check = monitor(whole, "one").check
    assert isinstance(check, PortCheck)
    assert (check.expect, check.conditions) == ("+PONG", (Condition('body == "+PONG"'),))


def test_the_end_of_a_domain_becomes_a_monitor_of_its_own() -> None:
    url, ends = "https://www.example.com/", "[DOMAIN_EXPIRATION] > 700h"
    both = imported(endpoint(url=url, interval="5m", conditions=["[STATUS] == 200", ends]))
    assert [one.name for one in both.monitors] == ["one", "one (domain)"]
    domain = monitor(both, "one (domain)")
    assert domain.check == DomainCheck(domain="www.example.com", expiry_threshold=30)
    assert (domain.interval, monitor(both, "one").interval) == (3600, 300)
    again = endpoint(url=url, interval="5m", conditions=["[STATUS] == 200", ends])
    assert planned_import(again, both).is_empty()
    alone = imported(endpoint(url=url, interval="24h", conditions=[ends]))
    assert [(one.name, one.kind, one.interval) for one in alone.monitors] == [
        ("one", "domain", 86400)
    ]
    of_address = planned_import(endpoint(url="https://192.0.2.7/", conditions=[ends]))
    assert notes(of_address) == [
        "! monitor one is left out: '192.0.2.7' is no domain whose registration could end"
    ]
    with_more = endpoint(url="https://192.0.2.7/", conditions=["[STATUS] == 200", ends])
    assert [one.kind for one in imported(with_more).monitors] == ["http"]
    assert notes(planned_import(with_more)) == [
        "! without the end of its domain, since '192.0.2.7' is no domain whose registration could"
        " end: monitor one"
    ]
    assert domain_days("[DOMAIN_EXPIRATION] < 3h") is None


def test_credentials_in_a_url_and_known_placeholders_go_where_they_belong() -> None:
    text = endpoint(
        url="https://ada:p%40ss@example.com/a@b",
        method="post",
        body='{"of": "[ENDPOINT_NAME]", "r": "[RANDOM_STRING_8]"}',
        conditions=["[STATUS] == 200"],
        client={"dns-resolver": "tcp://9.9.9.9:53"},
        colour="blue",
    )
    check = monitor(imported(text), "one").check
    assert isinstance(check, HttpCheck)
    assert (check.url, check.username, check.password) == ("https://example.com/a@b", "ada", "p@ss")
    assert check.body.startswith('{"of": "one"')
    assert notes(planned_import(text)) == [
        "! without client.dns-resolver: monitor one",
        "! without the placeholder [RANDOM_STRING_8] in its body: monitor one",
        "! without colour: monitor one",
    ]


def test_a_login_in_headers_is_the_one_that_counts_and_websockets_have_no_other() -> None:
    headers = {"authorization": "Bearer x"}
    http = endpoint(url="https://a:b@example.com", headers=headers, conditions=["[STATUS] == 200"])
    check = monitor(imported(http), "one").check
    assert isinstance(check, HttpCheck)
    assert (check.headers, check.username, check.password) == (headers, "", "")
    socket = endpoint(url="wss://ada:pw@example.com/x", conditions=["[CONNECTED] == true"])
    chat = monitor(imported(socket), "one").check
    assert isinstance(chat, WebsocketCheck)
    assert (chat.url, chat.headers) == (
        "wss://example.com/x",
        {"Authorization": "Basic YWRhOnB3"},
    )


def test_a_token_of_several_stays_with_the_first() -> None:
    beats = {"token": "shared", "heartbeat": {"interval": "1h"}}
    text = json.dumps({"external-endpoints": [{"name": "a", **beats}, {"name": "b", **beats}]})
    after = imported(text)
    a, b = monitor(after, "a").check, monitor(after, "b").check
    assert isinstance(a, PushCheck)
    assert isinstance(b, PushCheck)
    assert a.token == "shared" != b.token
    assert notes(planned_import(text)) == [
        "! without its token, which is another's too: monitor b",
        "! monitor b has no token in the file: it gets a new one",
    ]
    assert planned_import(text, after).is_empty()


def test_what_is_not_read_may_refer_to_anything() -> None:
    text = json.dumps(
        {
            "storage": {"path": "postgres://u:${NOT_SET}@db/x"},
            "endpoints": [
                {"name": "one", "url": "https://${HERE}/", "conditions": ["[STATUS] == 200"]}
            ],
        }
    )
    check = monitor(imported(text, environ={"HERE": "a.example.com"}), "one").check
    assert isinstance(check, HttpCheck)
    assert check.url == "https://a.example.com/"


def test_times_that_are_not_possible_here_are_brought_near() -> None:
    slow = endpoint(url="https://example.com", interval="168h", conditions=["[STATUS] == 200"])
    assert monitor(imported(slow), "one").interval == 86400
    assert notes(planned_import(slow)) == ["! without the interval beyond a day: monitor one"]
    quick = endpoint(url="https://example.com", interval="500ms", conditions=["[STATUS] == 200"])
    assert (monitor(imported(quick), "one").interval, monitor(imported(quick), "one").timeout) == (
        1,
        1,
    )


def test_who_only_looks_at_the_banner_is_taken_and_a_named_dns_server_is_not() -> None:
    banner = endpoint(
        url="ssh://a.example.com",
        ssh={"username": "", "password": ""},
        conditions=["[CONNECTED] == true"],
    )
    assert monitor(imported(banner), "one").check == SshCheck(hostname="a.example.com")
    dns = {"query-name": "example.com", "query-type": "A"}
    named = endpoint(url="dns.google", dns=dns, conditions=["[DNS_RCODE] == NOERROR"])
    assert notes(planned_import(named)) == [
        "! monitor one is left out: its DNS server dns.google is no address"
    ]
    asked = endpoint(url="tcp://[2001:db8::1]:53", dns=dns, conditions=["[DNS_RCODE] == NOERROR"])
    assert monitor(imported(asked), "one").check == DnsCheck(
        hostname="example.com", dns_server="[2001:db8::1]:53"
    )
