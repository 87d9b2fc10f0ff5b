"""What people may write for monitors and alerts, and how everything wrong is told at once."""

import pytest

from tests.leader.declarations import DOCUMENT, applied, channel, monitor, planned, refused
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck

BAD = """\
alerts:
  - {name: ops, type: webhok, settings: {url: "https://hooks.example.com/x"}}
  - {name: mail, type: webhook, url: "https://hooks.example.com/x"}
monitors:
  - name: API
    type: http
    url: https://api.example.com
    intervall: 30
  - name: DB
    type: port
    hostname: db.example.com
    port: 99999
  - {name: Twin, type: ping, hostname: a.example.com}
  - {name: Twin, type: ping, hostname: b.example.com}
  - name: Lost
    type: ping
    hostname: a.example.com
    parent: Prodution
  - name: Secret
    type: http
    url: https://api.example.com
    bearer: ${UNSET}
  - name: Fine
    type: ping
    hostname: a.example.com
"""


def test_every_fault_is_told_in_one_run_with_line_and_field() -> None:
    told = {(line, field) for line, field, _ in refused(BAD)}
    assert told == {
        (2, "alerts[0].type"),
        (3, "alerts[1].url"),
        (3, "alerts[1].settings.url"),
        (8, "monitors[0].intervall"),
        (12, "monitors[1].port"),
        (14, "monitors[3].name"),
        (18, "monitors[4].parent"),
        (22, "monitors[5].bearer"),
    }


def test_each_fault_says_what_is_allowed() -> None:
    messages = {field: message for _, field, message in refused(BAD)}
    assert (
        messages["monitors[0].intervall"] == "unknown field 'intervall'; did you mean 'interval'?"
    )
    assert "65535" in messages["monitors[1].port"]
    assert messages["monitors[3].name"] == "'Twin' is the name of another, see line 13"
    assert messages["monitors[4].parent"] == "there is no group named 'Prodution'"
    assert messages["monitors[5].bearer"] == "the environment variable UNSET is not set"
    assert "did you mean 'webhook'" in messages["alerts[0].type"]
    assert "stands under settings:" in messages["alerts[1].url"]


def test_a_document_is_read_as_it_was_meant() -> None:
    found = applied(DOCUMENT)
    api, group = monitor(found, "API"), monitor(found, "Production")
    assert isinstance(api.check, HttpCheck)
    assert api.regions == ("eu-west", "us-east")
    assert api.channels == (channel(found, "ops").id,)
    assert api.remind_every == 1800
    assert not api.notify.unknown
    assert [(one.text, one.soft) for one in api.check.conditions] == [
        ("status < 400", False),
        ("latency < 500ms", True),
    ]
    assert monitor(found, "DB").parent == group.id
    assert monitor(found, "DB").regions == ("eu-west", "us-east")
    assert monitor(found, "Backup").depends_on == (api.id, monitor(found, "DB").id)
    assert channel(found, "ops").fallback == channel(found, "mail").id


def test_a_variable_may_hold_a_number_where_one_is_wanted_and_stays_text_elsewhere() -> None:
    text = "monitors: [{name: '${N}', type: port, hostname: a.example.com, port: '${P}'}]"
    (found,) = planned(text, environ={"N": "12", "P": "5432"}).change.put_monitors
    assert found.name == "12"
    assert isinstance(found.check, PortCheck)
    assert found.check.port == 5432
    assert type(found.name) is str


def test_times_may_be_written_with_a_unit() -> None:
    text = "monitors: [{name: a, type: push, interval: 1d, grace: 90m}]"
    (found,) = applied(text).monitors
    assert isinstance(found.check, PushCheck)
    assert (found.interval, found.check.grace) == (86_400, 5400)


@pytest.mark.parametrize(
    ("entry", "field", "words"),
    [
        ("type: ping, hostname: a, interval: 5x, timeout: 9", "interval", "a time such as"),
        ("type: ping, hostname: a, interval: 90000", "interval", "at most 86400"),
        ("type: ping, hostname: a, interval: 10, timeout: 11", "timeout", "at most the interval"),
        ("type: domain, domain: a.example", "interval", "must be at least 3600 seconds"),
        ("type: ping, hostname: a, aggregation: most", "aggregation", "must be one of all-down"),
        ("type: push, aggregation: any-down", "aggregation", "no nodes vote"),
        ("type: push, regions: eu", "regions", "no node checks it"),
        ("type: group, min_votes: 2", "min_votes", "no nodes vote"),
        ("type: group, conditions: [status < 3]", "conditions", "a group has none"),
        ("type: push, cron: '* * *'", "cron", "is not five fields"),
        ("type: push, cron: '61 * * * *'", "cron", "bad minute"),
        ("type: push, cron: '@daily', timezone: Europe/Berln", "timezone", "'Europe/Berlin'?"),
        ("type: push, cron: '@daily', interval: 60", "interval", "leave it out"),
        ("type: push, timezone: Europe/Berlin", "timezone", "that of cron"),
        ("type: ping, hostname: a, depends_on: b", "depends_on", "no monitor named 'b'"),
        ("type: ping, hostname: a, alerts: [b]", "alerts[0]", "no alert named 'b'"),
        ("type: ping, hostname: a, alert: b, alerts: []", "alert", "either alert: or alerts:"),
        ("type: ping, hostname: a, channels: [b]", "channels", "did you mean 'alerts'"),
        ("type: ping, hostname: a, conditions: [stats < 3]", "conditions[0].text", "'status'"),
        ("type: ping, hostname: a, id: five", "id", "must be a UUID"),
        ("type: ping, hostname: a, parent: [b]", "parent", "must be a text"),
        ("type: group, parent: x", "parent", "goes in a circle: 'x'"),
        ("type: ping, hostname: a, depends_on: x", "depends_on", "goes in a circle: 'x'"),
        ("hostname: a", "type", "is required: one of dns, "),
        ("type: [a]", "type", "unknown kind"),
        ("type: pings, hostname: 5", "type", "did you mean 'ping'"),
    ],
)
def test_one_fault_is_one_problem(entry: str, field: str, words: str) -> None:
    ((line, where, message),) = refused(f"monitors:\n- {{name: x, {entry}}}")
    assert (line, where) == (2, f"monitors[0].{field}")
    assert words in message


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "", "must hold alerts: or monitors:"),
        ("[]", "", "must hold alerts: or monitors:"),
        ("monitor: []", "monitor", "did you mean 'monitors'"),
        ("maintenance: 5", "maintenance", "must be a list"),
        ("monitors: 5", "monitors", "must be a list"),
        ("monitors: [5]", "monitors[0]", "must be a mapping"),
        ("format: kuma", "format", "not a document of uptop"),
        ("version: 2", "version", "written by another version"),
        (
            "monitors: [{name: a, type: ping, hostname: b, monitors: []}]",
            "monitors[0].monitors",
            "",
        ),
        ("alerts: [{name: a, type: webhook}]", "alerts[0].settings.url", "is required"),
        ("alerts: [{name: a}]", "alerts[0].type", "is required: one of"),
    ],
)
def test_a_document_that_is_none_says_so(text: str, field: str, words: str) -> None:
    ((_, where, message),) = refused(text)
    assert where == field
    assert words in message


def test_a_misspelt_type_is_told_as_such() -> None:
    told = refused("monitors: [{name: a, tpe: ping, hostname: b}]")
    assert [field for _, field, _ in told] == ["monitors[0].type", "monitors[0].tpe"]
    assert "did you mean 'type'" in told[1][2]


def test_a_template_that_cannot_be_filled_is_told() -> None:
    text = "alerts: [{name: a, type: webhook, settings: {url: 'https://a.example'}, title: '{{ x'}]"
    ((_, where, _),) = refused(text)
    assert where == "alerts[0].title"


def test_people_may_keep_anchors_under_keys_of_their_own() -> None:
    text = (
        "x-slow: &slow {type: ping, interval: 300}\nmonitors: [{<<: *slow, name: a, hostname: b}]"
    )
    assert applied(text).monitors[0].interval == 300


def test_no_problem_shows_a_secret() -> None:
    text = "monitors: [{name: a, type: http, url: 'https://a.example', password: [geheim], x: 1}]"
    assert "geheim" not in str(refused(text))
