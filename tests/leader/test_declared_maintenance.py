"""`maintenance:` in a document: what it means, what is refused, and that it reads back the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.leader.declarations import applied, planned, refused
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.configuration import Configuration
from uptop_leader.declared.maintenance_entry import MaintenanceForm
from uptop_leader.declared.writing import write_backup, write_text
from uptop_leader.maintenance import Maintenance
from uptop_leader.recurrences import problem
from uptop_leader.zones import zone

MONITORS = """
monitors:
  - {name: API, type: ping, hostname: a.example.com, tags: [web]}
  - {name: Shop, type: group, monitors: [{name: DB, type: ping, hostname: d.example.com}]}
"""
DOCUMENT = (
    """\
maintenance:
  - {name: Upgrade, start: "2026-12-01T22:00", end: 2026-12-02T01:00:00Z, monitors: [API], groups: Shop}
  - name: Weekly
    rrule: FREQ=WEEKLY;BYDAY=SU;BYHOUR=3
    duration: 90m
    timezone: Europe/Berlin
    tags: web, core
  - {name: All, start: 2026-12-24, end: 2026-12-27, timezone: Europe/Berlin, all: true}
"""
    + MONITORS
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_what_is_written_is_meant() -> None:
    configuration = applied(DOCUMENT)
    ids = {one.name: one.id for one in configuration.monitors}
    upgrade, weekly, everything = configuration.maintenances
    assert (upgrade.start, upgrade.end) == (at("2026-12-01T22:00"), at("2026-12-02T01:00"))
    assert (upgrade.monitors, upgrade.groups) == ((ids["API"],), (ids["Shop"],))
    assert (weekly.rrule, weekly.duration) == ("FREQ=WEEKLY;BYDAY=SU;BYHOUR=3", 5400)
    assert (weekly.timezone, weekly.tags) == ("Europe/Berlin", ("web", "core"))
    assert (everything.start, everything.all) == (at("2026-12-23T23:00"), True)


def test_applied_twice_nothing_changes() -> None:
    once = applied(DOCUMENT)
    assert planned(DOCUMENT, once).lines == ["nothing to change"]


def test_export_and_backup_read_back_as_the_same() -> None:
    configuration = applied(DOCUMENT)
    for text in (write_text(configuration), write_backup(configuration)):
        assert applied(text) == configuration
        assert applied(text, configuration) == configuration


def test_it_is_written_as_people_write_it() -> None:
    written = yaml.safe_load(write_text(applied(DOCUMENT)))["maintenance"]
    for one in written:
        del one["id"]
    assert written[1] == {
        "name": "Weekly",
        "rrule": "FREQ=WEEKLY;BYDAY=SU;BYHOUR=3",
        "duration": "90m",
        "timezone": "Europe/Berlin",
        "tags": ["web", "core"],
    }
    assert written[2]["start"] == "2026-12-24T00:00:00"


def test_the_plan_says_what_changes() -> None:
    before = applied(DOCUMENT)
    lines = planned(DOCUMENT.replace("90m", "2h").replace("name: All", "name: Feast"), before).lines
    assert sorted(lines) == sorted(
        [
            "+ maintenance Feast (once)",
            "~ maintenance Weekly (recurring)",
            "    duration: 90m → 2h",
            "1 to add, 1 to change, 0 to remove",
        ]
    )


def test_only_prune_removes_and_only_where_the_section_is() -> None:
    before = applied(DOCUMENT)
    assert len(applied("maintenance: []", before).maintenances) == 3
    assert applied("maintenance: []", before, prune=True).maintenances == ()
    assert len(applied(MONITORS, before, prune=True).maintenances) == 3


def test_a_rename_by_id_keeps_it() -> None:
    before = applied(DOCUMENT)
    known = before.maintenances[2]
    text = f"maintenance: [{{name: Feast, id: {known.id}, start: 2026-12-24, end: 2026-12-27, all: true}}]"
    after = next(one for one in applied(text, before).maintenances if one.id == known.id)
    assert after.name == "Feast"


ONCE = "start: 2026-12-01, end: 2026-12-02"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ("all: true", ".start", "is required: start and end, or rrule"),
        ("all: true, start: 2026-12-01", ".end", "is required"),
        ("all: true, start: 2026-12-02, end: 2026-12-02", ".end", "must be after start"),
        ("all: true, start: tomorrow, end: 2026-12-02", ".start", "must be a date and time"),
        ("all: true, start: 2026-13-01, end: 2026-12-02", ".start", "must be a date and time"),
        ("all: true, start: 1, end: 2026-12-02", ".start", "must be a text"),
        (f"all: true, {ONCE}, duration: 5m", ".duration", "belongs to rrule"),
        (f"all: true, {ONCE}, timezone: Berlin", ".timezone", "there is no time zone 'Berlin'"),
        (f"all: true, {ONCE}, untill: x", ".untill", "unknown field 'untill'"),
        (ONCE, "", "says not for what"),
        (f"all: false, {ONCE}", "", "says not for what"),
        (f"monitors: [Nobody], {ONCE}", ".monitors[0]", "there is no monitor named 'Nobody'"),
        (f"groups: [Shp], {ONCE}", ".groups[0]", "did you mean 'Shop'"),
        (f"groups: [API], {ONCE}", ".groups", "write it under monitors"),
        ("all: true, rrule: FREQ=DAILY", ".duration", "is required with rrule"),
        ("all: true, rrule: FREQ=DAILY, duration: 30s", ".duration", "from 1m to 31d"),
        ("all: true, rrule: FREQ=DAILY, duration: 32d", ".duration", "from 1m to 31d"),
        ("all: true, rrule: FREQ=DAILY, duration: long", ".duration", "a number of seconds"),
        ("all: true, rrule: FREQ=DAILY, duration: 1h, end: 2027-01-01", ".end", "UNTIL="),
        ("all: true, rrule: FREQ=SECONDLY, duration: 1h", ".rrule", "BYHOUR=6,18"),
        ("all: true, rrule: FREQ=DAILY;COUNT=2, duration: 1h", ".rrule", "needs a start"),
    ],
)
def test_one_fault_is_one_problem(fields: str, field: str, words: str) -> None:
    text = f"maintenance:\n  - {{name: W, {fields}}}\n{MONITORS}"
    problems = refused(text)
    assert [(line, place) for line, place, _ in problems] == [(2, f"maintenance[0]{field}")]
    assert words in problems[0][2]


def test_names_are_there_once() -> None:
    text = f"maintenance:\n  - {{name: W, all: true, {ONCE}}}\n  - {{name: W, all: true, {ONCE}}}"
    assert any("is the name of another" in message for _, _, message in refused(text))


def test_what_it_is_for_must_not_go_without_it() -> None:
    before = applied(DOCUMENT)
    problems = refused("monitors: []", before, prune=True)
    assert any("refers to a monitor that would be gone" in message for _, _, message in problems)


_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
_MOMENTS = st.integers(int(at("1990-01-01")), int(at("2150-01-01"))).map(float)


@st.composite
def _maintenances(draw: st.DrawFn, index: int) -> Maintenance:
    chosen: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {
                "monitors": st.sampled_from([(), ("m",), ("m", "g")]),
                "groups": st.sampled_from([(), ("g",)]),
                "tags": st.sampled_from([(), ("a", "b c")]),
                "all": st.just(True),
            }
        )
    )
    zone, start = draw(_ZONES), draw(_MOMENTS)
    if draw(st.booleans()):
        times: dict[str, Any] = {"start": start, "end": start + draw(st.integers(1, 10**7))}
    else:
        rule = draw(st.sampled_from(["FREQ=DAILY", "FREQ=MONTHLY;BYDAY=1SU"]))
        length = draw(st.sampled_from([60.0, 61.0, 5400.0, 86_400.0]))
        times = {"rrule": rule, "duration": length}
        if draw(st.booleans()):
            times["start"] = start
    name = f"{index} {draw(st.sampled_from(['Upgrade', '${x}', 'no', '1', 'ü: #']))}"
    return Maintenance(id=_ID.format(index), name=name, timezone=zone, **chosen, **times)


_ID = "00000000-0000-4000-8000-00000000000{}"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_is_kept_reads_back_as_the_same(data: st.DataObject) -> None:
    made = tuple(data.draw(_maintenances(index)) for index in range(2))
    monitors = (
        Monitor(id="m", name="M", check=PushCheck(token="t")),
        Monitor(id="g", name="G", check=GroupCheck()),
    )
    configuration = Configuration(monitors=monitors, maintenances=made)
    assert planned(write_text(configuration), configuration).lines == ["nothing to change"]


def test_the_documented_rules_are_good_and_its_fields_are_those_that_exist() -> None:
    page = (Path(__file__).parents[2] / "docs/maintenance.md").read_text()
    rules = re.findall(r"^\| `(FREQ=[^`]+)` \|", page, flags=re.MULTILINE)
    assert len(rules) == 6
    for rule in rules:
        assert problem(rule, None, zone("UTC")) is None
    fields = page.partition("## What is told")[0]
    named = set(
        re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", fields, re.MULTILINE)))
    )
    assert named == set(MaintenanceForm.__struct_fields__)
