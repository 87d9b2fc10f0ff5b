"""What people are told."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from uptop_leader.messages import (
    BODY_LIMIT,
    TITLE_LIMIT,
    Message,
    clip,
    one_line,
    render,
    template_problem,
)
from uptop_leader.wording import clock, duration

START, END = 1_767_355_390_000, 1_767_355_642_000  # 12:03:10 and 12:07:22 UTC on 2026-01-02
DOWN = Message(
    key="k1",
    event="down",
    incident="i1",
    monitor="API",
    monitor_id="m1",
    status="DOWN",
    reasons="2 × timeout, 1 × HTTP 503",
    started_at=START,
    at=START + 20_000,
    regions=("eu-west", "us-east"),
)


def but(**changes: Any) -> Message:
    return msgspec.structs.replace(DOWN, **changes)


def test_a_down_says_since_when_why_and_where() -> None:
    told = render(DOWN)
    assert told.title == "DOWN: API"
    assert told.body == (
        "API is down since 12:03:10 UTC: 2 × timeout, 1 × HTTP 503. Seen from eu-west, us-east."
    )


def test_what_helps_follows_on_lines_of_its_own() -> None:
    told = render(
        but(
            detail="no answer within 5 s",
            target="https://api.example.com/health",
            runbook="https://wiki.example.com/api",
            url="https://up.example.com/monitors/m1",
        )
    )
    assert told.body.split("\n")[1:] == [
        "no answer within 5 s",
        "Target: https://api.example.com/health",
        "Runbook: https://wiki.example.com/api",
        "https://up.example.com/monitors/m1",
    ]


def test_an_up_says_how_long_it_was_down() -> None:
    told = render(but(event="up", ended_at=END, at=END + 9000, reasons="", regions=()))
    assert told.title == "UP: API — was down for 4 min 12 s"
    assert told.body == (
        "API is up again since 12:07:22 UTC. It was down for 4 min 12 s, since 12:03:10 UTC."
    )


def test_a_down_that_was_not_told_in_time_is_told_with_its_up() -> None:
    told = render(but(event="down_and_up", ended_at=END, at=END, regions=()))
    assert told.body == (
        "API was down for 4 min 12 s, from 12:03:10 UTC to 12:07:22 UTC, and is up again:"
        " 2 × timeout, 1 × HTTP 503."
    )


def test_a_digest_lists_its_lines() -> None:
    lines = ("DOWN: API", "UP: DB")
    told = render(Message(key="k", event="digest", monitor="", at=END, lines=lines))
    assert (told.title, told.body) == ("2 notifications", "DOWN: API\nUP: DB")


@pytest.mark.parametrize(
    "event",
    [
        "down",
        "up",
        "down_and_up",
        "unknown",
        "partial",
        "degraded",
        "late",
        "cert",
        "reminder",
        "paused",
        "deleted",
        "node_offline",
        "node_online",
        "odd_one",
        "blind",
        "digest",
        "test",
        "something_new",
    ],
)
def test_every_event_has_words_even_when_nothing_else_is_known(event: str) -> None:
    told = render(Message(key="k", event=event, monitor="a [b] {c}", at=END, lines=("one",)))
    assert told.title
    assert told.body
    assert event == "digest" or "a [b] {c}" in told.title
    for scrap in ("  ", " ,", "since .", "for .", "[]", "None"):
        assert scrap not in told.title + told.body


def test_another_day_is_told_with_its_date() -> None:
    assert clock(START, START) == "12:03:10 UTC"
    assert clock(START, START + 86_400_000) == "2026-01-02 12:03:10 UTC"
    assert clock(None, START) == ""


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59_600, "1 min"),
        (252_000, "4 min 12 s"),
        (3_600_000, "1 h"),
        (3_605_000, "1 h"),
        (183_600_000, "2 d 3 h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(ms: int, words: str) -> None:
    assert duration(ms) == words


def test_a_possible_repeat_is_marked_where_the_receiver_cannot_tell() -> None:
    again = but(possible_repeat=True, monitor="x" * 400)
    assert render(again).title.endswith("… (possible repeat)")
    assert len(render(again).title) == TITLE_LIMIT
    assert "repeat" not in render(again, idempotent=True).title


def test_a_title_is_one_line_and_carries_no_control_characters() -> None:
    told = render(but(monitor="A\r\nBcc: x\x1b[31m\x00", detail="a\x07b\nc\ud800"))
    assert told.title == "DOWN: A Bcc: x [31m"
    assert "a b\nc" in told.body
    assert told.body.encode()


def test_long_texts_are_cut() -> None:
    assert len(render(but(detail="x" * 50_000)).body) == BODY_LIMIT
    assert clip("12345", 5) == "12345"
    assert clip("1234 6", 6) == "1234 6"
    assert clip("1234 67", 6) == "1234…"
    assert one_line(" a\n\tb ") == "a b"


def test_a_channel_may_have_its_own_words() -> None:
    told = render(
        DOWN,
        "{{ status|lower }} {{ monitor }}",
        "{% for region in regions %}{{ region }}{% if not loop.last %} and {% endif %}{% endfor %}"
        " since {{ since }}: {{ reasons }}",
    )
    assert told.title == "down API"
    assert told.body == "eu-west and us-east since 12:03:10 UTC: 2 × timeout, 1 × HTTP 503"


def test_a_template_may_add_to_the_default_words() -> None:
    assert render(DOWN, "[prod] {{ title }}", "{{ body }}\nCall 112").title == "[prod] DOWN: API"


def test_a_template_that_fails_falls_back_to_the_default_words() -> None:
    for template in ("{{ nothing }}", "{% if %}", "{{ 1 / 0 }}", "   ", "{{ started_at ~ }}"):
        assert render(DOWN, template, template) == render(DOWN)


def test_a_template_that_knows_no_list_does_not_swallow_a_digest() -> None:
    digest = but(event="digest", lines=("DOWN: API", "DOWN: DB"))
    assert render(digest, "{{ monitor }}", "{{ monitor }}") == render(digest)
    assert render(digest, None, "{{ lines|join(', ') }}").body == "DOWN: API, DOWN: DB"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ monitr }}", "'monitr' is undefined"),
        ("a\n{% if x", "line 2: "),
        ("{{ monitor|shout }}", "No filter named 'shout'"),
        ("{{ monitor.upper() }}", "call is not allowed"),
        ("{{ monitor * 9 }}", "mul is not allowed"),
        ("{% set x = 1 %}", "assign is not allowed"),
        ("{% macro x() %}{% endmacro %}", "macro is not allowed"),
        ("{% include 'x' %}", "include is not allowed"),
        ("{% for a in lines %}{% for b in lines %}{% endfor %}{% endfor %}", "inside a loop"),
        ("{% for a in lines recursive %}{% endfor %}", "inside a loop"),
        ("{% for a in lines|join %}{% endfor %}", "goes over a name"),
        ("{{ monitor.__class__ }}", "unsafe"),
        ("{{ monitor - 1 }}", "cannot be filled: TypeError"),
        ("x" * 5000, "longer than 4000"),
    ],
)
def test_a_faulty_template_is_told_at_the_door(template: str, words: str) -> None:
    problem = template_problem(template)
    assert problem is not None
    assert words in problem


def test_good_templates_have_no_problem() -> None:
    assert template_problem("") is None
    assert template_problem("{{ runbook or 'none' }} {{ regions[:1]|join }} {{ duration }}") is None


def test_a_template_cannot_stop_the_leader() -> None:
    digest = but(event="digest", lines=("x" * 100,) * 100)
    greedy = "{% for line in lines %}" + "{{ body ~ body }}" * 200 + "{% endfor %}"
    begun = time.monotonic()
    assert len(render(digest, None, greedy).body) == BODY_LIMIT
    assert time.monotonic() - begun < 2
