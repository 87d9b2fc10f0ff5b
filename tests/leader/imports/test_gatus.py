"""A configuration of Gatus, taken in."""

import pytest

from tests.leader.declarations import channel, monitor
from tests.leader.importing import imported, notes, planned_import, refused, sample
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.grpc import GrpcCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.ping import PingCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.checks.ssh import SshCheck
from uptop_core.checks.tls import TlsCheck
from uptop_core.checks.websocket import WebsocketCheck
from uptop_leader.configuration import Configuration
from uptop_leader.providers.email import Email
from uptop_leader.providers.ntfy import Ntfy
from uptop_leader.providers.pagerduty import PagerDuty
from uptop_leader.providers.slack import Slack
from uptop_leader.providers.webhook import Webhook

GATUS = sample("gatus.yaml")
_ENVIRON = {"SLACK_PATH": "hidden-slack"}


@pytest.fixture(scope="module")
def after() -> Configuration:
    """The configuration after the import."""
    return imported(GATUS, environ=_ENVIRON)


def _texts(configuration: Configuration, name: str) -> list[str]:
    return [one.text for one in monitor(configuration, name).check.conditions]


def test_what_has_no_counterpart_is_told_by_name_and_the_rest_is_taken() -> None:
    plan = planned_import(GATUS, environ=_ENVIRON)
    assert "25 to add, 0 to change, 0 to remove" in plan.lines
    assert notes(plan) == [
        "! alert twilio is left out: uptop has no provider of that kind",
        "! monitor shell is left out: uptop has no check of sctp",
        "! monitor job runner is left out: it logs in and runs a command",
        "! monitor behind login is left out: its client has oauth2",
        "! monitor sometimes is left out: without heartbeat.interval nothing is ever missed",
        "! suite check out is left out: uptop has no steps that follow another",
        "! section storage is left out: it is about Gatus itself",
        "! section web is left out: it is about Gatus itself",
        "! without click: alert ntfy",
        "! without body: alert custom",
        "! without the alert twilio: monitor website",
        "! without the condition [CERTIFICATE_EXPIRATION] > 10d: monitor mail",
    ]
    assert "hidden" not in "\n".join(plan.lines)


def test_a_second_import_changes_nothing(after: Configuration) -> None:
    assert planned_import(GATUS, after, environ=_ENVIRON).is_empty()


def test_conditions_become_ours(after: Configuration) -> None:
    assert _texts(after, "website") == [
        "latency < 300ms",
        "cert_days > 2",
        'json(status) == "UP"',
        "json(jobs[0].waiting) < 100",
        'body contains "healthy"',
        'body matches "\\A(?!(?>[\\s\\S]*?error))"',
        'ip in ["192.0.2.1", "192.0.2.2"]',
        "count(users) > 5",
    ]
    assert _texts(after, "core/api") == ['body in ["a", "b"]']
    assert _texts(after, "shop/api") == ["status < 400"]


def test_an_endpoint_keeps_its_request_its_client_and_its_codes(after: Configuration) -> None:
    site, graph = monitor(after, "website"), monitor(after, "core/api")
    assert isinstance(site.check, HttpCheck)
    assert isinstance(graph.check, HttpCheck)
    assert (site.interval, site.timeout, site.tags) == (90, 15, ("team:shop",))
    assert (site.check.ignore_tls, site.check.follow_redirects) == (True, 0)
    assert site.check.headers == {"X-Key": "hidden-header"}
    assert site.check.accepted_codes == "200"
    assert graph.check.body == '{"query": "{ me { id } }"}'
    assert graph.check.headers == {"Content-Type": "application/json"}
    assert graph.check.accepted_codes == "200,401"
    assert monitor(after, "codes").check == HttpCheck(
        url="https://codes.example.com", accepted_codes="200-299"
    )
    assert getattr(monitor(after, "shop/api").check, "accepted_codes", "") == "100-599"
    assert monitor(after, "shop/api").paused


def test_groups_hold_their_endpoints(after: Configuration) -> None:
    core, shop = monitor(after, "core"), monitor(after, "shop")
    assert (core.kind, shop.kind) == ("group", "group")
    assert monitor(after, "website").parent == monitor(after, "core/api").parent == core.id
    assert monitor(after, "shop/api").parent == shop.id
    assert monitor(after, "nightly").parent == monitor(after, "jobs").id


def test_the_other_kinds_become_ours(after: Configuration) -> None:
    assert monitor(after, "database").check == PortCheck(hostname="db.example.com", port=5432)
    assert monitor(after, "gateway").check == PingCheck(hostname="gw.example.com")
    assert monitor(after, "names").check == DnsCheck(
        hostname="example.com", dns_server="9.9.9.9", expected=("192.0.2.80",)
    )
    assert monitor(after, "mail").check == TlsCheck(
        hostname="mail.example.com", port=587, starttls="smtp"
    )
    chat = monitor(after, "chat").check
    assert isinstance(chat, WebsocketCheck)
    assert (chat.url, chat.send, chat.expect) == ("wss://chat.example.com/ws", "ping", "pong")
    assert monitor(after, "jump host").check == SshCheck(hostname="jump.example.com")
    health = monitor(after, "health").check
    assert isinstance(health, GrpcCheck)
    assert (health.hostname, health.port, health.tls) == ("grpc.example.com", 8443, True)
    assert _texts(after, "health") == ['json(status) == "SERVING"']
    assert monitor(after, "nightly").check == PushCheck(token="hidden-push-token")
    assert monitor(after, "nightly").interval == 86400


def test_alerts_become_channels_with_those_of_single_groups(after: Configuration) -> None:
    names = {one.id: one.name for one in after.channels}
    site = monitor(after, "website")
    assert [names[id] for id in site.channels] == ["slack core", "pagerduty"]
    assert (site.max_retries, site.retry_interval, site.remind_every) == (1, 90, 900)
    assert site.description == "call Ada"
    graph = monitor(after, "core/api")
    assert [names[id] for id in graph.channels] == ["slack core"]
    assert (graph.max_retries, graph.description) == (4, "call Grace")
    assert channel(after, "slack").provider == Slack(
        url="https://hooks.slack.com/services/hidden-slack"
    )
    assert channel(after, "slack core").provider == Slack(
        url="https://hooks.slack.com/services/hidden-core"
    )
    assert channel(after, "pagerduty").provider == PagerDuty(
        routing_key="hidden-key-of-thirty-two-signs-00"
    )
    assert channel(after, "email").provider == Email(
        host="mail.example.com",
        user="gatus",
        password="hidden$mail",
        sender="gatus@example.com",
        to="ops@example.com,boss@example.com",
    )
    assert channel(after, "ntfy").provider == Ntfy(
        topic="nights", priority=3, password="hidden-ntfy"
    )
    assert channel(after, "custom").provider == Webhook(
        url="https://hooks.example.com/hidden", headers={"Content-Type": "application/json"}
    )


def test_its_maintenance_becomes_ours(after: Configuration) -> None:
    times = {one.name: one for one in after.maintenances}
    whole = times["Gatus maintenance"]
    assert (whole.rrule, whole.duration, whole.timezone, whole.all) == (
        "FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=23;BYMINUTE=0",
        5400,
        "Europe/Berlin",
        True,
    )
    single = times["database maintenance"]
    assert (single.rrule, single.monitors) == (
        "FREQ=DAILY;BYHOUR=4;BYMINUTE=5",
        (monitor(after, "database").id,),
    )


def test_what_is_wrong_is_told_with_its_line() -> None:
    text = """\
endpoints:
  - name: a
    url: "https://a.example.com/$UNSET"
    interval: often
    conditions: [7]
  - url: "https://b.example.com"
    conditions: ["[STATUS] == 200"]
  - name: c
    url: "tcp://c.example.com"
    conditions: ["[CONNECTED] == true"]
maintenance: {start: "25:00", duration: 1h}
"""
    assert [line.split(": ")[1:3] for line in refused(text)] == [
        ["line 3", "endpoints[0].url"],
        ["line 4", "endpoints[0].interval"],
        ["line 5", "endpoints[0].conditions[0]"],
        ["line 6", "endpoints[1].name"],
        ["line 9", "endpoints[2].url"],
        ["line 11", "maintenance.start"],
    ]
