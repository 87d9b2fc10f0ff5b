"""The audit log as rows, and what of it is wanted."""

from __future__ import annotations

import pytest

from uptop_core.access_answers import LogView
from uptop_tui.audit import about, cells, matches, wanted

NOW = 1_795_357_260_000
ENTRY = LogView(
    number=7,
    at=NOW,
    who="ada",
    source="192.0.2.1",
    what="monitor changed",
    about="Shop",
    detail="interval 30 → 60",
)


def test_an_entry_says_who_did_what_to_which_object() -> None:
    row = [str(cell) for cell in cells(ENTRY, NOW)]
    assert row[1:] == ["ada", "monitor changed", "Shop", "interval 30 → 60", "192.0.2.1"]
    text = about(ENTRY).plain
    assert text.startswith("ada: monitor changed Shop — ")
    assert text.endswith("entry 7\ninterval 30 → 60")


def test_fields_are_asked_of_the_leader_and_words_are_looked_for() -> None:
    query, words = wanted('who:ada what:"monitor deleted" about:Shop 60', NOW)
    assert query == {"who": "ada", "what": "monitor deleted", "about": "Shop"}
    assert matches(ENTRY, words)
    assert not matches(ENTRY, ("90",))


def test_a_time_is_how_long_ago_or_a_date() -> None:
    assert wanted("since:2h", NOW)[0] == {"since": str(NOW - 7_200_000)}
    query, _ = wanted("since:2026-11-20 until:2026-11-21T12:00+00:00", NOW)
    assert query["until"] == "1795262400000"
    assert int(query["since"]) < int(query["until"])


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("since:yesterday", "since: must be how long ago"),
        ("who:", "who: needs a value"),
        ('what:"monitor', "a quote is not closed"),
    ],
)
def test_what_cannot_be_understood_is_said(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        wanted(written, NOW)


def test_nothing_written_asks_for_everything() -> None:
    assert wanted("  ", NOW) == ({}, ())
