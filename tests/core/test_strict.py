"""Strict at the operator's door: every fault is told at once, with its field and what is allowed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from uptop_core import ConfigError, Monitor, Problem
from uptop_core.kinds import KINDS, AnyCheck
from uptop_core.strict import DEPTH_LIMIT, PROBLEMS_LIMIT, build

if TYPE_CHECKING:
    from collections.abc import Iterator


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Door(Struct, frozen=True, kw_only=True):
    """One field of every form."""

    secrets: ClassVar[tuple[str, ...]] = ("code", "headers")

    width: Annotated[int, Meta(ge=1, lt=10)] = 1
    weight: Annotated[float, Meta(gt=0, le=2.5)] = 1.0
    name: Annotated[str, Meta(min_length=2, max_length=5)] = "door"
    slug: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"
    colour: Colour = Colour.RED
    size: Literal["s", "m"] = "s"
    since: datetime | None = None
    open: bool = False
    code: Annotated[str, Meta(max_length=3)] = ""
    headers: dict[str, str] = {}
    marks: tuple[Annotated[int, Meta(ge=0)], ...] = ()
    either: int | str = 0
    few: Annotated[list[int], Meta(max_length=2)] = []


class House(Struct, frozen=True, kw_only=True):
    doors: dict[str, Door] = {}
    inner: House | None = None
    number: int

    def problems(self) -> Iterator[Problem]:
        if self.number == 13:
            yield Problem("number", "brings bad luck")


def told(kind: Any, written: object, path: str = "") -> list[str]:
    with pytest.raises(ConfigError) as error:
        build(kind, written, path)
    return [str(problem) for problem in error.value.problems]


WRONG = [
    ({"width": 0}, "width: 0 is too small, at least 1"),
    ({"width": 10}, "width: 10 is too large, less than 10"),
    ({"width": "3"}, "width: must be a whole number, not '3'"),
    ({"width": 3.5}, "width: must be a whole number, not 3.5"),
    ({"width": True}, "width: must be a whole number, not true"),
    ({"width": None}, "width: must be a whole number, not nothing"),
    ({"width": 10**200}, "width: so large a number is too large, less than 10"),
    ({"width": -(10**400)}, "width: so large a number is too small, at least 1"),
    ({"weight": 10**400}, "weight: so large a number is too large, at most 2.5"),
    ({"weight": 0}, "weight: 0 is too small, more than 0"),
    ({"weight": 3}, "weight: 3 is too large, at most 2.5"),
    ({"weight": float("nan")}, "weight: must be a finite number"),
    ({"weight": "1"}, "weight: must be a number, not '1'"),
    ({"name": "a"}, "name: is too short (1 characters), at least 2"),
    ({"name": "abcdef"}, "name: is too long (6 characters), at most 5"),
    ({"name": 5}, "name: must be a text, not 5"),
    ({"slug": "A\x1b"}, r"slug: 'A\x1b' does not match ^[a-z]+$"),
    ({"colour": "green"}, "colour: 'green' is not known; allowed are red, blue"),
    ({"size": 1}, "size: 1 is not known; allowed are m, s"),
    ({"since": "soon"}, "since: must be a date and time such as 2024-05-01T12:00:00Z, not 'soon'"),
    ({"open": "yes"}, "open: must be true or false, not 'yes'"),
    ({"code": 1234}, "code: must be a text, not this value"),
    ({"code": "abcd"}, "code: is too long (4 characters), at most 3"),
    ({"headers": {"a": 77}}, "headers.a: must be a text, not this value"),
    ({"headers": []}, "headers: must be a set of fields, not a list"),
    ({"headers": {5: "x"}}, "headers.5: the name must be a text, not 5"),
    ({"marks": [1, -1]}, "marks[1]: -1 is too small, at least 0"),
    ({"marks": "1"}, "marks: must be a list, not a text"),
    ({"either": []}, "either: must be a whole number, not a list"),
    ({"few": [1, 2, 3]}, "few: must have at most 2 entries, not 3"),
    ({"widht": 3}, "widht: unknown field 'widht'; did you mean 'width'?"),
    ({"zzz": 3}, "zzz: unknown field 'zzz'; known are width, weight, name, slug, colour, size"),
    ({5: 3}, "5: unknown field 5; known are"),
    ([], "must be a set of fields, not a list"),
    (None, "must be a set of fields, not nothing"),
]


@pytest.mark.parametrize(("written", "said"), WRONG)
def test_a_fault_is_told_in_plain_words(written: object, said: str) -> None:
    (only,) = told(Door, written)
    assert only.startswith(said)


def test_what_is_right_is_built() -> None:
    since = "2024-05-01T12:00:00Z"
    written = {"width": 3, "colour": "blue", "since": since, "marks": [1], "either": "x"}
    door = build(Door, written)
    assert door.colour is Colour.BLUE
    assert door.marks == (1,)
    assert door.since is not None
    assert build(House, {"number": 1, "inner": {"number": 2, "inner": None}}).inner is not None


def test_every_fault_is_told_at_once_with_its_path() -> None:
    written = {
        "doors": {"front": {"width": 99}, "back": {"colour": "pink", "nme": 1}},
        "inner": {"number": "x"},
    }
    found = told(House, written, "houses[2]")
    assert [text.partition(": ")[0] for text in found] == [
        "houses[2].doors.front.width",
        "houses[2].doors.back.colour",
        "houses[2].doors.back.nme",
        "houses[2].inner.number",
        "houses[2].number",
    ]
    assert found[-1] == "houses[2].number: is required"


def test_what_a_value_says_of_itself_is_told_beside_the_faults_of_others() -> None:
    found = told(House, {"number": "x", "inner": {"number": 13}})
    assert found == [
        "number: must be a whole number, not 'x'",
        "inner.number: brings bad luck",
    ]


def test_nesting_without_an_end_is_refused() -> None:
    written: dict[str, Any] = {"number": 1}
    written["inner"] = written
    found = told(House, written)
    assert found[0].endswith(f"is nested deeper than {DEPTH_LIMIT} levels")


def test_no_more_problems_are_told_than_anybody_reads() -> None:
    found = told(Door, {"marks": [-1] * 5000})
    assert len(found) == PROBLEMS_LIMIT + 1
    assert found[-1] == f"there are more than {PROBLEMS_LIMIT} problems"


def monitor(**check: Any) -> dict[str, Any]:
    return {"id": "m", "name": "API", "check": check}


def test_an_unknown_kind_names_the_known_ones() -> None:
    known = ", ".join(sorted(KINDS))
    (near,) = told(Monitor, monitor(type="htp"))
    assert near == "check.type: unknown type 'htp'; did you mean 'http'?"
    (far,) = told(Monitor, monitor(type="xyzzy"))
    assert far == f"check.type: unknown type 'xyzzy'; known are {known}"
    (none,) = told(Monitor, monitor())
    assert none == f"check.type: is required: one of {known}"
    (number,) = told(Monitor, monitor(type=["http"]))
    assert number == f"check.type: unknown type a list; known are {known}"
    (text,) = told(Monitor, {"id": "m", "name": "API", "check": "http"})
    assert text == "check: must be a set of fields, not a text"


def test_a_monitor_with_many_faults_has_them_all_told() -> None:
    written = {
        **monitor(type="port", hostname="example.com", port=99999, conditions=[{"text": "x"}]),
        "intervall": 30,
        "interval": 0,
        "notify": {"dwn": True},
        "timeout": None,
    }
    found = told(Monitor, written)
    assert [text.partition(": ")[0] for text in found] == [
        "check.port",
        "check.conditions[0].text",
        "intervall",
        "interval",
        "notify.dwn",
    ]
    assert found[0] == "check.port: 99999 is too large, at most 65535"
    assert found[2] == "intervall: unknown field 'intervall'; did you mean 'interval'?"


def test_a_check_is_asked_for_its_own_problems_and_conditions() -> None:
    conditions = [{"text": "status < 400"}, {"text": "latncy < 1s", "soft": True}]
    check = monitor(type="dns", hostname="a..b", dns_server="nobody", conditions=conditions)
    found = told(Monitor, check)
    assert [text.partition(": ")[0] for text in found] == [
        "check.conditions[1].text",
        "check.dns_server",
        "check.hostname",
    ]
    assert "did you mean 'latency'?" in found[0]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "check", "id", "url", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(plain)
def test_whatever_is_written_is_built_or_refused(written: object) -> None:
    for kind in (Door, House, Monitor):
        try:
            build(kind, written)
        except ConfigError as error:
            assert error.problems


@given(st.sampled_from(["http", "dns", "push"]), st.dictionaries(st.text(max_size=8), plain))
def test_a_kind_with_any_fields_is_built_or_refused(tag: str, fields: dict[str, Any]) -> None:
    try:
        build(AnyCheck, {**fields, "type": tag})
    except ConfigError as error:
        assert error.problems
