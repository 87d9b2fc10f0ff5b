"""Logs: one event, one line, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("tests.logs")


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])


def written(format: logs.LogFormat, message: str, **fields: object) -> str:
    stream = io.StringIO()
    logs.set_up("info", format, stream)
    logs.event(_log, logging.WARNING, message, **fields)
    return stream.getvalue()


def test_an_event_is_time_level_message_and_pairs() -> None:
    line = written("text", "leader is away", peer="http://a:1", tries=3, lag_s=0.25, none=None)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING leader is away"
        r" peer=http://a:1 tries=3 lag_s=0\.25\n",
        line,
    )


def test_values_with_spaces_are_quoted() -> None:
    line = written("text", "m", a="two words", b='say "hi"', c="", d="x=y")
    assert line.endswith(' a="two words" b="say \\"hi\\"" c="" d="x=y"\n')


def test_control_characters_are_escaped() -> None:
    line = written("text", "bad\nINFO fake", found="\x1b[2J\r\u202e")
    assert line.count("\n") == 1
    assert r"bad\nINFO fake" in line
    assert r"found=" in line and r"\x1b[2J\r\u202e" in line


def test_json_lines_are_objects() -> None:
    line = json.loads(written("json", "m", peer="a\nb", tries=3, level="x", ok=True))
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "message": "m",
        "peer": r"a\nb",
        "tries": 3,
        "level_": "x",
        "ok": True,
    }


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_trace_stays_on_its_line(format: logs.LogFormat) -> None:
    stream = io.StringIO()
    logs.set_up("info", format, stream)
    try:
        raise RuntimeError("two\nlines")
    except RuntimeError:
        _log.exception("it broke")
    (line,) = stream.getvalue().splitlines()
    assert "it broke" in line and "RuntimeError: two" in line and "test_logs.py" in line


def test_events_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    logs.set_up("error", to=stream)
    logs.event(_log, logging.WARNING, "quiet")
    assert stream.getvalue() == ""


def test_requests_of_the_http_library_are_not_told() -> None:
    logs.set_up("debug", to=io.StringIO())
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


@given(st.text(), st.text())
def test_nothing_makes_a_second_line(message: str, value: str) -> None:
    for format in ("text", "json"):
        line = written(format, message, value=value)
        assert len(line.splitlines()) == 1
        assert line.rstrip("\n").isprintable()
