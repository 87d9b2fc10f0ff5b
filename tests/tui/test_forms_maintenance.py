"""The form of a maintenance: when it is, in the words of people, becomes what the leader takes."""

from __future__ import annotations

from typing import Any

import pytest

from uptop_leader.api.kinds import all_kinds
from uptop_tui.forms.drafts import Draft
from uptop_tui.forms.known import Known
from uptop_tui.forms.maintenance import maintenance_form, new_maintenance
from uptop_tui.forms.recurring import read_repeat, repeat_words, write_repeat

KINDS = all_kinds()
NOW = 1_800_000_000.0
START = 1_796_158_800_000  # 1 December 2026, 22:00 in Berlin


def new(**entries: Any) -> Draft:
    draft = new_maintenance(
        maintenance_form(KINDS, Known(), is_new=True), "Europe/Berlin", monitors=("m",)
    )
    for name, entry in {"name": "Night", **entries}.items():
        draft.fill(name, entry)
    return draft


def edited(body: dict[str, Any]) -> Draft:
    return Draft(maintenance_form(KINDS, Known(), is_new=False), body)


def test_what_is_once_begins_now_for_an_hour_if_nothing_else_is_said() -> None:
    assert new().body(NOW) == {
        "name": "Night",
        "start": 1_800_000_000_000,
        "end": 1_800_003_600_000,
        "timezone": "Europe/Berlin",
        "monitors": ["m"],
    }


def test_moments_are_those_of_the_clocks_in_its_zone() -> None:
    draft = new(start="2026-12-01 22:00", duration="90m")
    body = draft.body(NOW)
    assert (body["start"], body["end"]) == (START, START + 5_400_000)
    draft.fill("timezone", "UTC")
    assert draft.body(NOW)["start"] == START + 3_600_000


def test_what_recurs_gets_its_rrule_made() -> None:
    draft = new(when="again", days=("SU", "MO"), at="3:05", duration="2h")
    body = draft.body(NOW)
    assert body["rrule"] == "FREQ=WEEKLY;BYDAY=MO,SU;BYHOUR=3;BYMINUTE=5"
    assert (body["duration"], "end" in body) == (7200, False)
    draft.fill("repeat", "monthly")
    draft.fill("month_days", "1,-1")
    assert draft.body(NOW)["rrule"] == "FREQ=MONTHLY;BYMONTHDAY=1,-1;BYHOUR=3;BYMINUTE=5"
    draft.fill("repeat", "own")
    draft.fill("rrule", "FREQ=DAILY;BYHOUR=6,18")
    assert draft.body(NOW)["rrule"] == "FREQ=DAILY;BYHOUR=6,18"


def test_only_what_matters_is_asked() -> None:
    draft = new()
    assert not draft.relevant & {"repeat", "days", "at", "rrule"}
    draft.fill("when", "again")
    assert {"repeat", "days", "at", "duration", "start"} <= draft.relevant
    draft.fill("days", ())
    assert draft.problems(NOW) == {"days": "is required"}
    draft.fill("repeat", "daily")
    assert draft.problems(NOW) == {}


def test_a_zone_or_a_time_that_there_is_not_is_told_at_its_field() -> None:
    draft = new(when="again", timezone="Europe/Atlantis", at="25:00")
    problems = draft.problems(NOW)
    assert problems["timezone"].startswith("there is no time zone 'Europe/Atlantis'")
    assert "does not match" in problems["at"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "start": START, "end": START + 1_234, "tags": ["web"]},
        {"name": "b", "rrule": "FREQ=DAILY;BYHOUR=3", "duration": 1800, "all": True},
        {"name": "c", "rrule": "FREQ=MONTHLY;BYDAY=1SU", "duration": 60.5, "start": START},
    ],
)
def test_an_edit_of_its_name_changes_nothing_else(body: dict[str, Any]) -> None:
    draft = edited(body)
    assert draft.problems(NOW) == {}
    draft.fill("name", "other")
    assert draft.body(NOW) == {**body, "name": "other"}


def test_an_edit_may_move_what_is_once_and_make_it_recur() -> None:
    draft = edited({"name": "a", "start": START, "end": START + 3_600_000, "timezone": "UTC"})
    draft.fill("start", "2026-12-02 00:00")
    assert draft.body(NOW)["end"] == draft.body(NOW)["start"] + 3_600_000
    draft.fill("when", "again")
    body = draft.body(NOW)
    assert (body["rrule"], body["duration"]) == ("FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0", 3600)
    assert "end" not in body


@pytest.mark.parametrize(
    ("rrule", "how"),
    [
        ("FREQ=DAILY;BYHOUR=3", "daily"),
        ("RRULE:freq=weekly;byday=mo,we;byhour=3;byminute=30", "weekly"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=0", "monthly"),
        ("FREQ=DAILY", "own"),
        ("FREQ=DAILY;BYHOUR=3,4", "own"),
        ("FREQ=WEEKLY;BYHOUR=3", "own"),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=3", "own"),
    ],
)
def test_an_rrule_is_known_again_where_it_is_a_simple_one(rrule: str, how: str) -> None:
    repeat = read_repeat(rrule)
    assert repeat.how == how
    assert read_repeat(write_repeat(repeat)).at == repeat.at


def test_a_table_says_in_words_how_it_recurs() -> None:
    assert repeat_words("FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "2h") == "Sun 02:00 for 2h"
    assert repeat_words("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2h") == "daily 02:30 for 2h"
    assert repeat_words("FREQ=MONTHLY;BYDAY=1SU", "2h") == "FREQ=MONTHLY;BYDAY=1SU for 2h"


def test_what_somebody_else_made_recur_meanwhile_recurs_when_loaded_anew() -> None:
    draft = edited({"name": "a", "start": START, "end": START + 3_600_000, "all": True})
    draft.fill("name", "b")
    theirs = {"name": "a", "rrule": "FREQ=DAILY;BYHOUR=3", "duration": 1800, "all": True}
    assert draft.rebase(theirs, keep=True).body(NOW) == {**theirs, "name": "b"}
