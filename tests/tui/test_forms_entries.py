"""What stands in a field, and the value it means: both ways, and the sentence where it means none."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from uptop_tui.forms.dates import read_moment, write_moment, zone_of_machine
from uptop_tui.forms.entries import ABSENT, Entry, entry_of, value_of
from uptop_tui.forms.fields import Field, Option, Shape
from uptop_tui.forms.reading import Setting

BERLIN = ZoneInfo("Europe/Berlin")
SETTING = Setting(zone=BERLIN, now=1_800_000_000.0)
RULES: dict[str, Any] = {
    "type": "array",
    "items": {"properties": {"text": {}, "soft": {"type": "boolean"}}, "required": ["text"]},
}


def field(shape: Shape, *, required: bool = False, secret: bool = False, **schema: Any) -> Field:
    return Field(
        name="f", shape=shape, label="F", required=required, secret=secret, schema=schema,
        options=tuple(Option(one, str(one)) for one in schema.get("enum", ())),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "value", "entry"),
    [
        (field(Shape.TEXT), "shop", "shop"),
        (field(Shape.LINES), "one\n two ", "one\n two "),
        (field(Shape.WHOLE), 12, "12"),
        (field(Shape.NUMBER), 2.5, "2.5"),
        (field(Shape.NUMBER), 60, "60"),
        (field(Shape.EITHER), -100123, "-100123"),
        (field(Shape.EITHER), "@news", "@news"),
        (field(Shape.SPAN), 300, "5m"),
        (field(Shape.SPAN), 0.5, "0.5s"),
        (field(Shape.MOMENT), 1_796_158_800_000, "2026-12-01 22:00"),
        (field(Shape.YES_NO), True, True),
        (field(Shape.CHOICE, enum=[0, 4, 6]), 4, "4"),
        (field(Shape.SOME_OF), ["a", "b"], ("a", "b")),
        (field(Shape.WORDS), ["web", "db"], "web, db"),
        (field(Shape.ITEMS), ["v=spf1, x", "y"], "v=spf1, x\ny"),
        (field(Shape.PAIRS), {"Accept": "a:b", "X": "1"}, "Accept: a:b\nX: 1"),
        (
            field(Shape.MARKED, **RULES),
            [{"text": "status == 200"}, {"text": "latency < 1s", "soft": True}],
            "status == 200\nsoft: latency < 1s",
        ),
        (field(Shape.JSON), [[1], {"a": None}], '[[1], {"a": null}]'),
    ],
)
def test_a_value_is_shown_as_what_is_read_back_as_it(
    made: Field, value: object, entry: Entry
) -> None:
    assert entry_of(made, value, SETTING) == entry
    assert value_of(made, entry, SETTING) == value


@pytest.mark.parametrize(
    ("made", "entry", "sentence"),
    [
        (field(Shape.TEXT, required=True), "  ", "is required"),
        (field(Shape.SOME_OF, required=True), (), "is required"),
        (field(Shape.TEXT, maxLength=3), "four", "is too long (4 characters), at most 3"),
        (field(Shape.TEXT, pattern="^[A-Z]+$"), "get", "'get' does not match ^[A-Z]+$"),
        (field(Shape.TEXT, secret=True, pattern="^x$"), "geheim", "this value does not match ^x$"),
        (field(Shape.WHOLE), "1.5", "must be a whole number, not '1.5'"),
        (field(Shape.WHOLE, minimum=1, maximum=65535), "0", "0 is too small, at least 1"),
        (field(Shape.NUMBER, exclusiveMaximum=100), "100", "100.0 is too large, less than 100"),
        (field(Shape.NUMBER), "inf", "must be a finite number"),
        (field(Shape.SPAN), "soon", "must be a time such as 30s, 5m, 12h, 7d"),
        (field(Shape.SPAN, minimum=1), "100ms", "0.1 is too small, at least 1"),
        (field(Shape.MOMENT), "tomorrow", "must be a date and time such as 2026-12-01 22:00"),
        (field(Shape.MOMENT), "2026-02-30", "there is no such date and time: 2026-02-30"),
        (field(Shape.CHOICE, enum=["A", "B"]), "C", "'C' is not known; allowed are A, B"),
        (field(Shape.ITEMS, items={"maxLength": 2}), "a\nbcd", "entry 2: is too long"),
        (field(Shape.ITEMS, maxItems=1), "a\nb", "must have at most 1 entries, not 2"),
        (field(Shape.PAIRS), "Accept", "line 1 must be a name and a value"),
        (field(Shape.PAIRS), "A: 1\nA: 2", "line 2: A stands twice"),
        (field(Shape.JSON), "[1", "must be JSON: "),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    made: Field, entry: Entry, sentence: str
) -> None:
    with pytest.raises(ValueError) as told:
        value_of(made, entry, SETTING)
    assert str(told.value).startswith(sentence)


def test_what_is_empty_is_left_out() -> None:
    for shape in set(Shape) - {Shape.YES_NO, Shape.SOME_OF}:
        assert value_of(field(shape), "", SETTING) is ABSENT
    assert value_of(field(Shape.SOME_OF), (), SETTING) is ABSENT


def test_blanks_belong_to_a_secret() -> None:
    assert value_of(field(Shape.TEXT, secret=True), " x ", SETTING) == " x "
    assert value_of(field(Shape.TEXT), " x ", SETTING) == "x"


def test_a_moment_may_be_now_or_in_some_time() -> None:
    assert read_moment("now", BERLIN, 10.0) == 10_000
    assert read_moment("+90d", BERLIN, 0.0) == 90 * 86_400_000
    assert read_moment("2026-12-01T9:30Z", BERLIN, 0.0) == 1_796_117_400_000
    assert read_moment("2026-12-01", BERLIN, 0.0) == 1_796_079_600_000


def test_a_moment_that_the_clocks_show_twice_says_which_it_is() -> None:
    first_of_two, second_of_two = 1_792_888_200_000, 1_792_891_800_000  # 25 October, 02:30 twice
    assert write_moment(first_of_two, BERLIN) == "2026-10-25 02:30"
    assert write_moment(second_of_two, BERLIN) == "2026-10-25 02:30+01:00"
    for at in (first_of_two, second_of_two):
        assert read_moment(write_moment(at, BERLIN), BERLIN, 0.0) == at


def test_the_zone_of_the_machine_is_that_of_its_link(tmp_path: Any) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert zone_of_machine(link) == "Europe/Berlin"
    assert zone_of_machine(tmp_path / "none") == "UTC"
