"""uptop's own backups, and what the uptop written in Go writes, taken in."""

import json

import pytest

from tests.leader.declarations import DOCUMENT, applied, channel, monitor
from tests.leader.importing import imported, notes, planned_import, refused, sample
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_leader.declared.writing import write_backup, write_text
from uptop_leader.providers.email import Email
from uptop_leader.providers.ntfy import Ntfy
from uptop_leader.providers.opsgenie import Opsgenie

YAML, JSON = sample("go-uptop.yaml"), sample("go-uptop.json")


@pytest.mark.parametrize("redact", [True, False])
@pytest.mark.parametrize("write", [write_text, write_backup])
def test_an_export_imported_back_changes_nothing(write: object, redact: bool) -> None:
    assert callable(write)
    before = applied(DOCUMENT)
    assert planned_import(write(before, redact=redact), before).is_empty()


def test_an_export_is_taken_as_a_whole() -> None:
    before = applied(DOCUMENT)
    changed = applied(DOCUMENT.replace("    regions: [EU-West, us-east]\n", ""), before)
    after = imported(write_backup(changed), before)
    assert monitor(after, "API").regions == ()


def test_the_yaml_of_the_go_program_is_taken() -> None:
    after = imported(YAML)
    assert channel(after, "Mail").provider == Email(
        host="smtp.example.com",
        port=587,
        user="oncall@example.com",
        password="hidden-mail",
        sender="oncall@example.com",
        to="team@example.com",
    )
    assert channel(after, "Topic").provider == Ntfy(topic="nights", priority=4)
    assert channel(after, "Genie").provider == Opsgenie(
        api_key="hidden-genie", priority="P2", eu=True
    )
    web = monitor(after, "Prod Web")
    assert web.check == HttpCheck(url="https://prod.example.com", check_ssl=True)
    assert (web.interval, web.timeout, web.max_retries) == (15, 15, 2)
    assert web.regions == ("eu-west", "us-east")
    assert web.parent == monitor(after, "Production").id
    assert monitor(after, "Nightly").channels == (channel(after, "Mail").id,)
    assert monitor(after, "Names").check == DnsCheck(
        hostname="example.com", dns_resolve_type="MX", dns_server="1.1.1.1"
    )
    assert monitor(after, "Gateway").paused
    assert planned_import(YAML, after).is_empty()


def test_a_push_monitor_without_a_token_gets_one_once_and_it_is_told() -> None:
    plan = planned_import(YAML)
    assert notes(plan) == ["! monitor Nightly has no token in the file: it gets a new one"]
    assert notes(planned_import(YAML, imported(YAML))) == []


def test_the_backup_of_the_go_program_is_taken() -> None:
    after = imported(JSON)
    assert channel(after, "Mail").provider == Email(
        host="smtp.example.com",
        port=25,
        user="a",
        password="hidden-mail",
        sender="a@example.com",
        to="b@example.com",
    )
    assert channel(after, "Genie").provider == Opsgenie(api_key="hidden-genie", priority="P3")
    web = monitor(after, "Prod Web")
    assert web.check == HttpCheck(
        url="https://prod.example.com",
        method="HEAD",
        accepted_codes="200-299,301",
        check_ssl=True,
        expiry_threshold=14,
        ignore_tls=True,
    )
    assert (web.interval, web.timeout, web.regions) == (15, 5, ("eu-west", "us-east"))
    assert (web.description, web.channels) == ("The shop", (channel(after, "Mail").id,))
    assert monitor(after, "Nightly").check == PushCheck(token="go-token-1")
    assert monitor(after, "Nightly").paused
    times = {one.name: one for one in after.maintenances}
    assert times["Move"].groups == (monitor(after, "Production").id,)
    assert (times["Move"].start, times["Move"].end) == (1796162400.0, 1796166000.0)
    assert times["All"].all
    assert planned_import(JSON, after).is_empty()


def test_what_the_backup_holds_beyond_that_is_told() -> None:
    assert notes(planned_import(JSON)) == [
        "! maintenance Open end is left out: it has no end",
        "! incident Outage is left out: write a post",
        "! user ada (admin) is left out: add people with `uptop-leader user`",
    ]


def test_what_the_go_program_hides_stays_as_it_is_here() -> None:
    after = imported(JSON)
    hidden = json.loads(JSON)
    for alert in hidden["alerts"]:
        for secret in ("pass", "user", "api_key"):
            if secret in alert["Settings"]:
                alert["Settings"][secret] = "***REDACTED***"
    hidden["alerts"][0]["Settings"]["user"] = "a"
    assert planned_import(json.dumps(hidden), after).is_empty()
    assert refused(json.dumps(hidden)) == [
        "sample: alerts[0].settings.pass: *** keeps a secret that is there, and there is none:"
        " write it (in 'Mail')",
        "sample: alerts[1].settings.api_key: *** keeps a secret that is there, and there is none:"
        " write it (in 'Genie')",
    ]


def test_a_document_of_ones_own_is_laid_over_and_its_faults_have_lines() -> None:
    before = applied(DOCUMENT)
    after = imported(
        'monitors:\n  - {name: API, type: http, url: "https://api.example.com/live"}', before
    )
    assert monitor(after, "API").regions == ("eu-west", "us-east")
    port = PortCheck(hostname="a.example.com", port=443, tls=True, ignore_tls=True)
    line = "{name: A, type: port, hostname: a.example.com, port: 443, tls: true, ignore_tls: true}"
    assert monitor(imported(f"monitors: [{line}]"), "A").check == port
    assert refused("monitors:\n  - {name: A, type: ping, hostnam: a.example.com}") == [
        "sample: line 2: monitors[0].hostnam: unknown field 'hostnam'; did you mean 'hostname'?",
        "sample: line 2: monitors[0].hostname: is required",
    ]


def test_what_is_wrong_with_the_backup_of_the_go_program_is_told_by_place() -> None:
    sites = [
        {"ID": 2, "Name": "B", "Type": "port", "Hostname": "b.example.com", "Port": "many"},
        {"ID": 3, "Name": "C", "Type": "gopher"},
    ]
    assert [line.split(": ")[1] for line in refused(json.dumps({"sites": sites}))] == [
        "sites[0].Port",
        "sites[0].port",
        "sites[1].type",
    ]


def test_a_login_in_a_url_becomes_one_of_its_own() -> None:
    url = "https://prod.example.com"
    for text in (YAML, JSON):
        after = imported(text.replace(url, "https://ada:s%40ve@prod.example.com"))
        check = monitor(after, "Prod Web").check
        assert isinstance(check, HttpCheck)
        assert (check.url, check.username, check.password) == (url, "ada", "s@ve")


def test_what_refers_to_nothing_in_the_file_is_taken_without_that() -> None:
    site = {"ID": 1, "Name": "A", "Type": "ping", "Hostname": "a.example.com"}
    plan = planned_import(json.dumps({"sites": [{**site, "ParentID": 9, "AlertID": 8}]}))
    assert plan.lines[0] == "+ monitor A (ping)"
    assert notes(plan) == [
        "! without its group, which is not in the file (#9): monitor A",
        "! without its alert, which is not in the file (#8): monitor A",
    ]
