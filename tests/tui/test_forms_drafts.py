"""From what was filled in to the body that is sent: only what was changed, and nothing lost."""

from __future__ import annotations

from typing import Any

from uptop_core.errors import Problem
from uptop_leader.api.kinds import all_kinds
from uptop_tui.forms.bodies import post_draft
from uptop_tui.forms.drafts import Draft
from uptop_tui.forms.kinds import channel_form, monitor_form, new_monitor
from uptop_tui.forms.known import Known

KINDS = all_kinds()
NOW = 1_800_000_000.0


def new_http(**entries: Any) -> Draft:
    form = monitor_form(KINDS, "http", Known(), is_new=True)
    draft = Draft(form, new_monitor("http"), is_new=True)
    for name, entry in entries.items():
        draft.fill(name.replace("__", "."), entry)
    return draft


def edited_http(settings: dict[str, Any]) -> Draft:
    return Draft(monitor_form(KINDS, "http", Known(), is_new=False), settings)


def test_a_new_monitor_needs_a_name_and_a_url_and_no_more() -> None:
    draft = new_http()
    assert draft.problems(NOW) == {"name": "is required", "check.url": "is required"}
    draft.fill("name", "Shop")
    draft.fill("check.url", "https://shop.example.com")
    assert draft.problems(NOW) == {}
    assert draft.body(NOW) == {
        "name": "Shop",
        "check": {"type": "http", "url": "https://shop.example.com"},
    }


def test_what_the_check_says_of_itself_is_told_at_its_fields_before_it_is_sent() -> None:
    draft = new_http(name="Shop", check__url="shop")
    assert draft.problems(NOW) == {}
    assert draft.advice(NOW) == {"check.url": "must begin with http:// or https://"}
    draft.fill("check.url", "https://shop.example.com")
    draft.fill("check.conditions", "status == 200\nsoft: latency < fast")
    assert "entry 2: latency needs" in draft.advice(NOW)["check.conditions"]


def test_of_a_kind_that_is_not_known_here_nothing_is_said() -> None:
    draft = new_http(name="Shop", check__url="shop")
    draft.base["check"]["type"] = "weather"
    assert draft.advice(NOW) == {}


def test_an_edit_changes_what_was_changed_and_keeps_what_it_does_not_know() -> None:
    settings = {
        "name": "Shop",
        "check": {"type": "http", "url": "https://a", "bearer": "***", "yet_to_come": [1]},
        "interval": 30,
        "also_new": {"x": 1},
    }
    draft = edited_http(settings)
    assert draft.body(NOW) == settings
    draft.fill("check.url", "https://b")
    draft.fill("interval", "")
    assert draft.changed == {"check.url", "interval"}
    assert draft.body(NOW) == {
        "name": "Shop",
        "check": {"type": "http", "url": "https://b", "bearer": "***", "yet_to_come": [1]},
        "also_new": {"x": 1},
    }


def test_what_is_set_to_its_default_is_left_out() -> None:
    draft = edited_http({"name": "Shop", "check": {"type": "http", "url": "https://a"},
                         "notify": {"unknown": False}})  # fmt: skip
    assert draft.entries["notify.unknown"] is False
    draft.fill("notify.unknown", True)
    draft.fill("check.method", "GET")
    assert draft.body(NOW) == {"name": "Shop", "check": {"type": "http", "url": "https://a"}}
    draft.fill("notify.late", True)
    assert draft.body(NOW)["notify"] == {"late": True}


def test_a_secret_that_nobody_touched_stays_and_an_emptied_one_goes() -> None:
    settings = {"name": "c", "provider": {"type": "ntfy", "topic": "t", "password": "***"}}
    draft = Draft(channel_form(KINDS, "ntfy", Known(), is_new=False), settings)
    assert draft.body(NOW)["provider"]["password"] == "***"
    draft.fill("provider.password", "")
    assert "password" not in draft.body(NOW)["provider"]
    draft.fill("provider.password", "new")
    assert draft.body(NOW)["provider"]["password"] == "new"


def test_problems_of_the_leader_stand_at_their_fields() -> None:
    draft = new_http()
    at, loose = draft.placed(
        [
            Problem("check.url", "must begin with http://"),
            Problem("check.headers.X-Key", "is odd"),
            Problem("channels[1]", "is not known"),
            Problem("name", "is another's already"),
            Problem("name", "is odd"),
            Problem("check.sooner", "unknown field"),
            Problem("", "is refused"),
        ]
    )
    assert at == {
        "check.url": "must begin with http://",
        "check.headers": "X-Key: is odd",
        "channels": "entry 2: is not known",
        "name": "is another's already; is odd",
    }
    assert loose == ["check.sooner: unknown field", "is refused"]


def test_what_somebody_else_changed_meanwhile_is_loaded_anew_with_or_without_ones_own() -> None:
    draft = edited_http({"name": "Shop", "check": {"type": "http", "url": "https://a"}})
    draft.fill("name", "My shop")
    theirs = {"name": "Store", "check": {"type": "http", "url": "https://b"}, "tags": ["web"]}
    assert draft.rebase(theirs, keep=False).body(NOW) == theirs
    assert draft.rebase(theirs, keep=True).body(NOW) == {**theirs, "name": "My shop"}


def test_a_post_begins_a_thread_or_goes_on_with_one() -> None:
    draft = post_draft(Known(), incident="i", monitors=("m",), title="Shop is down")
    draft.fill("words", "We look into it.")
    assert draft.body(NOW) == {
        "incident": "i",
        "title": "Shop is down",
        "kind": "investigating",
        "words": "We look into it.",
        "monitors": ["m"],
    }
