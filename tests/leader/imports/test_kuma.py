"""A backup of Uptime Kuma, taken in."""

import json

import pytest

from tests.leader.declarations import channel, monitor
from tests.leader.importing import imported, notes, planned_import, refused, sample
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.ntp import NtpCheck
from uptop_core.checks.ping import PingCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.checks.smtp import SmtpCheck
from uptop_core.checks.websocket import WebsocketCheck
from uptop_core.conditions.language import parse
from uptop_core.conditions.patterns import found_in
from uptop_leader.configuration import Configuration
from uptop_leader.providers.apprise import Apprise
from uptop_leader.providers.email import Email
from uptop_leader.providers.gotify import Gotify
from uptop_leader.providers.ntfy import Ntfy
from uptop_leader.providers.opsgenie import Opsgenie
from uptop_leader.providers.pagerduty import PagerDuty
from uptop_leader.providers.pushover import Pushover
from uptop_leader.providers.slack import Slack
from uptop_leader.providers.telegram import Telegram
from uptop_leader.providers.webhook import Webhook

# Apprise's, on Python 3.11
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

BACKUP = sample("kuma.json")


@pytest.fixture(scope="module")
def after() -> Configuration:
    """The configuration after the import."""
    return imported(BACKUP)


def test_what_has_no_counterpart_is_told_by_name_and_the_rest_is_taken() -> None:
    plan = planned_import(BACKUP)
    assert plan.lines[-14] == "28 to add, 0 to change, 0 to remove"
    assert notes(plan) == [
        "! alert Night SMS (twilio) is left out: uptop has no provider of that kind",
        "! monitor Broker (mqtt) is left out: uptop has no check of that kind",
        "! monitor Containers (docker) is left out: uptop has no check of that kind",
        "! monitor Must be closed (port) is left out:"
        " it is upside down, and here up always means up",
        "! monitor Intranet (http) is left out: it logs in by ntlm",
        "! without discordUsername: alert Ops chat",
        "! without telegramMessageThreadID: alert On call",
        "! without smtpBCC: alert Mail",
        "! without slackchannel: alert Ops chat #13",
        "! without the alert Night SMS: monitor Front page",
        "! without cacheBust: monitor Login",
        "! without packetSize: monitor Gateway",
        "! without the DNS server dns.example.net: monitor Name server",
    ]


def test_a_second_import_changes_nothing(after: Configuration) -> None:
    again = planned_import(BACKUP, after)
    assert again.is_empty()
    assert again.lines[0] == "nothing to change"


def test_times_rounds_codes_tags_and_several_alerts_are_kept(after: Configuration) -> None:
    page = monitor(after, "Front page")
    assert (page.interval, page.timeout, page.max_retries, page.retry_interval) == (30, 24, 2, 20)
    assert page.remind_every == 300
    assert page.tags == ("web", "team:store")
    names = {one.id: one.name for one in after.channels}
    assert [names[id] for id in page.channels] == ["Ops chat", "On call"]
    assert page.parent == monitor(after, "Shop").id
    assert page.check == HttpCheck(
        url="https://shop.example.com/",
        accepted_codes="200-299,304",
        follow_redirects=3,
        check_ssl=True,
    )
    assert monitor(after, "Database").paused
    assert monitor(after, "Shop").description == "What customers see"


def test_headers_body_and_login_are_kept(after: Configuration) -> None:
    assert monitor(after, "Login").check == HttpCheck(
        url="https://shop.example.com/api/login",
        method="POST",
        body='{"user": "probe"}',
        headers={
            "X-Api-Key": "hidden-header",
            "Accept": "text/html",
            "Content-Type": "application/json",
        },
        username="probe",
        password="hidden-pass",
        ignore_tls=True,
    )


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("Terms", """body contains 'say "hello"'"""),
        ("No errors", 'body matches "\\A(?![\\s\\S]*Fatal\\ \\(error\\))"'),
        ("Queue", "json($.jobs[0].waiting) < 100"),
        ("State", 'json(state) == "ok"'),
    ],
)
def test_keywords_and_queries_become_conditions(
    after: Configuration, name: str, condition: str
) -> None:
    assert [one.text for one in monitor(after, name).check.conditions] == [condition]


def test_an_inverted_keyword_must_be_nowhere(after: Configuration) -> None:
    pattern = parse(monitor(after, "No errors").check.conditions[0].text).operands[0].text
    assert found_in(pattern, ["all is well\n(error) none\n"])
    assert not found_in(pattern, ["well\nFatal (error) here\n"])


def test_the_other_kinds_become_ours(after: Configuration) -> None:
    assert monitor(after, "Database").check == PortCheck(hostname="db.example.com", port=5432)
    assert monitor(after, "Gateway").check == PingCheck(hostname="gw.example.com")
    assert monitor(after, "Name server").check == DnsCheck(
        hostname="example.com", dns_resolve_type="MX", dns_server="9.9.9.9:5353"
    )
    assert monitor(after, "Clock").check == NtpCheck(
        hostname="ntp.example.com", max_stratum=3, max_offset=0.25
    )
    assert monitor(after, "Post office").check == SmtpCheck(
        hostname="mail.example.com", port=465, tls="implicit"
    )
    assert monitor(after, "Live feed").check == WebsocketCheck(
        url="wss://live.example.com/feed", subprotocol="chat"
    )
    assert monitor(after, "Nightly backup").check == PushCheck(token="Kuma-Token-123", grace=3600)


def test_the_second_of_a_name_has_its_number(after: Configuration) -> None:
    assert monitor(after, "Front page #17").interval == 20
    assert isinstance(channel(after, "Ops chat #13").provider, Slack)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("On call", Telegram(token="123:hidden-bot", chat_id="-100200")),
        (
            "Mail",
            Email(
                host="mail.example.com",
                port=465,
                user="kuma",
                password="hidden-mail",
                sender='"Kuma" <kuma@example.com>',
                to="ops@example.com, boss@example.com",
            ),
        ),
        (
            "Topic",
            Ntfy(
                url="https://ntfy.example.com", topic="nights", priority=5, password="hidden-ntfy"
            ),
        ),
        (
            "Pager",
            PagerDuty(routing_key="hidden-pager", api_url="https://events.eu.pagerduty.com"),
        ),
        ("Genie", Opsgenie(api_key="hidden-genie", priority="P2", eu=True)),
        (
            "Hook",
            Webhook(
                url="https://hooks.example.com/hidden-hook",
                headers={"Authorization": "Bearer hidden-hookauth"},
            ),
        ),
        ("Bell", Gotify(url="https://gotify.example.com", token="hidden-gotify", priority=8)),
        ("Room", Slack(url="https://mm.example.com/hooks/hidden-mm")),
        ("Phone", Pushover(token="hidden-app", user="hidden-user")),
        ("All of it", Apprise(url="json://hooks.example.com/hidden-apprise")),
    ],
)
def test_notifications_become_channels(after: Configuration, name: str, provider: object) -> None:
    assert channel(after, name).provider == provider


def test_the_plan_shows_no_secret() -> None:
    assert "hidden" not in "\n".join(planned_import(BACKUP).lines)


def test_monitors_may_stand_by_their_numbers_as_newer_versions_give_them(
    after: Configuration,
) -> None:
    backup = json.loads(BACKUP)
    backup["monitorList"] = {str(one["id"]): one for one in backup["monitorList"]}
    assert planned_import(json.dumps(backup), after).is_empty()


def test_a_monitor_whose_group_is_not_in_the_file_is_taken_without_it() -> None:
    row = {"id": 5, "name": "E", "type": "ping", "hostname": "a.example.com", "parent": 77}
    plan = planned_import(json.dumps({"monitorList": [row]}))
    assert plan.lines[0] == "+ monitor E (ping)"
    assert notes(plan) == ["! without its group, which is not in the file (#77): monitor E"]


def test_monitors_without_numbers_are_taken_too() -> None:
    names = ("a", "b")
    rows = [{"name": name, "type": "ping", "hostname": f"{name}.example.com"} for name in names]
    after = imported(json.dumps({"monitorList": rows}))
    assert [one.name for one in after.monitors] == ["a", "b"]


def test_what_is_wrong_with_a_backup_is_told_by_place() -> None:
    backup = {
        "notificationList": [{"id": 1, "name": "Ops", "config": "{broken"}],
        "monitorList": [
            {"id": 1, "name": "A", "type": "http", "url": "https://", "interval": "often"},
            {"id": 2, "name": "", "type": "ping", "hostname": "a.example.com"},
            {"id": 3, "name": "C", "type": "port", "hostname": "a.example.com", "port": 70000},
            {"id": 4, "name": "D", "type": "http", "url": "https://d.example.com", "headers": "X"},
            "F",
        ],
    }
    assert [line.split(": ")[1] for line in refused(json.dumps(backup))] == [
        "notificationList[0].config",
        "monitorList[4]",
        "monitorList[1].name",
        "monitorList[0].interval",
        "monitorList[3].headers",
        "monitorList[0].url",
        "monitorList[2].port",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "monitorList": [\n  {"id": 1', "sample: line 3: not JSON: "),
        ('{"monitorList": {"a": 1}}', "sample: monitorList.a: must be a mapping of fields"),
        ('{"monitorList": 7}', "sample: monitorList: must be a list, not a whole number"),
        ("[]", "sample: is none of a backup of Uptime Kuma (monitorList:)"),
        ("a: 1\na: 2", "sample: line 2: a: stands twice"),
    ],
)
def test_a_broken_file_is_told_in_one_line(text: str, line: str) -> None:
    (told,) = refused(text)
    assert told.startswith(line)


def test_a_file_of_another_program_is_told_to_be_that() -> None:
    assert refused(BACKUP, "uptop") == [
        "sample: is not a backup or document of uptop (monitors:);"
        " it looks like a backup of Uptime Kuma"
    ]
