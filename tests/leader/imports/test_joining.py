"""An import laid over what is there: nothing of that is wiped."""

import json

from tests.leader.declarations import applied, channel, monitor
from tests.leader.importing import imported, planned_import
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.ping import PingCheck
from uptop_leader.configuration import Configuration
from uptop_leader.providers.discord import Discord

_HERE = """\
alerts:
  - {name: Ops, type: ntfy, settings: {topic: ops}}
  - {name: Chat, type: discord, settings: {url: "https://discord.com/old"}, title: "{{monitor}}"}
monitors:
  - {name: Elsewhere, type: ping, hostname: e.example.com, depends_on: [API]}
  - {name: Shop, type: group, runbook: "https://runbooks.example.com/shop"}
  - name: API
    type: http
    url: https://old.example.com
    interval: 30
    regions: [eu-west]
    aggregation: majority-down
    headers: {X-Here: stays}
    bearer: old-token
    conditions: ["latency < 2s"]
    alerts: [Ops]
    tags: [ours]
    notify: {partial: true}
    runbook: https://runbooks.example.com/api
    parent: Shop
  - {name: Mail, type: ping, hostname: mail.example.com}
maintenance:
  - {name: Nightly, rrule: "FREQ=DAILY;BYHOUR=3", duration: 30m, monitors: [Mail]}
"""
_BACKUP = json.dumps(
    {
        "notificationList": [
            {"id": 1, "name": "Ops", "config": '{"type": "discord", "discordWebhookUrl": "https://d.example.com/new"}'},
            {"id": 2, "name": "Chat", "config": '{"type": "discord", "discordWebhookUrl": "https://d.example.com/chat"}'},
        ],
        "monitorList": [
            {
                "id": 1, "name": "API", "type": "http", "url": "https://new.example.com", "interval": 60,
                "headers": '{"X-New": "comes"}', "basic_auth_user": "u", "basic_auth_pass": "p",
                "notificationIDList": {"1": True, "2": True}, "tags": [{"name": "theirs", "value": ""}],
            },
            {"id": 2, "name": "Mail", "type": "http", "url": "https://mail.example.com", "interval": 60},
            {"id": 3, "name": "In mail", "type": "ping", "hostname": "m.example.com", "parent": 4},
            {"id": 4, "name": "Elsewhere", "type": "group"},
        ],
    }
)  # fmt: skip


def _joined() -> tuple[Configuration, Configuration]:
    before = applied(_HERE)
    return before, imported(_BACKUP, before)


def test_what_the_file_does_not_say_stays() -> None:
    before, after = _joined()
    api = monitor(after, "API")
    assert api.id == monitor(before, "API").id
    assert (api.interval, api.regions, api.aggregation) == (60, ("eu-west",), "majority-down")
    assert api.runbook == "https://runbooks.example.com/api"
    assert api.parent == monitor(before, "Shop").id
    assert api.notify.partial
    assert isinstance(api.check, HttpCheck)
    assert api.check.url == "https://new.example.com"
    assert api.check.headers == {"X-Here": "stays", "X-New": "comes"}
    assert (api.check.username, api.check.bearer) == ("u", "")
    assert [one.text for one in api.check.conditions] == ["latency < 2s"]
    assert monitor(after, "Shop") == monitor(before, "Shop")
    assert after.maintenances == before.maintenances


def test_alerts_and_tags_are_added_to_those_there_are() -> None:
    _, after = _joined()
    names = {one.id: one.name for one in after.channels}
    api = monitor(after, "API")
    assert [names[id] for id in api.channels] == ["Ops", "Ops (discord)", "Chat"]
    assert api.tags == ("ours", "theirs")


def test_what_has_the_name_of_another_kind_gets_a_name_of_its_own() -> None:
    before, after = _joined()
    assert monitor(after, "Mail") == monitor(before, "Mail")
    assert isinstance(monitor(after, "Mail (http)").check, HttpCheck)
    assert monitor(after, "Elsewhere") == monitor(before, "Elsewhere")
    assert isinstance(monitor(after, "In mail").check, PingCheck)
    assert monitor(after, "In mail").parent == monitor(after, "Elsewhere (group)").id
    assert channel(after, "Ops") == channel(before, "Ops")


def test_a_channel_keeps_its_template() -> None:
    _, after = _joined()
    chat = channel(after, "Chat")
    assert chat.provider == Discord(url="https://d.example.com/chat")
    assert chat.title == "{{monitor}}"


def test_nothing_is_removed_and_a_second_import_changes_nothing() -> None:
    before, after = _joined()
    assert planned_import(_BACKUP, before).change.drop_monitors == ()
    assert {one.id for one in before.monitors} < {one.id for one in after.monitors}
    assert planned_import(_BACKUP, after).is_empty()


_WINDOWS = {
    "sites": [{"ID": 1, "Name": "API", "Type": "http", "URL": "https://old.example.com"}],
    "maintenance_windows": [
        {
            "ID": number,
            "MonitorID": 1,
            "Title": title,
            "Type": "maintenance",
            "StartTime": "2026-12-01T22:00:00Z",
            "EndTime": "2026-12-01T23:00:00Z",
        }
        for number, title in enumerate(("Nightly", "Move"))
    ],
}


def test_a_maintenance_is_laid_over_one_of_its_sort_only() -> None:
    once = "  - {name: Move, start: 2026-12-01T21:00Z, end: 2026-12-01T22:00Z, monitors: [Mail]}\n"
    before = applied(_HERE + once)
    after = imported(json.dumps(_WINDOWS), before)
    times = {one.name: one for one in after.maintenances}
    assert times["Nightly"] == before.maintenances[0]
    assert times["Nightly (once)"].monitors == (monitor(after, "API").id,)
    assert times["Move"].monitors == (monitor(after, "Mail").id, monitor(after, "API").id)
    assert planned_import(json.dumps(_WINDOWS), after).is_empty()


def test_conditions_stay_where_the_file_has_none() -> None:
    gatus = """\
endpoints:
  - {name: API, url: "https://new.example.com", conditions: ["[STATUS] == 200"]}
"""
    after = imported(gatus, applied(_HERE))
    assert [one.text for one in monitor(after, "API").check.conditions] == ["latency < 2s"]
