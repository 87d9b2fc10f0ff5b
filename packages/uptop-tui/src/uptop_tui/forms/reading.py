"""What each shape of a field reads, of a text that is not empty. Pure.

A text that cannot be read is a ValueError; where the leader has a sentence for it, that is used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, inspect

from uptop_core.allowed import objection
from uptop_core.escaping import escape
from uptop_core.forms import duration
from uptop_tui.forms.dates import read_moment
from uptop_tui.forms.fields import Field, Schema, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADER = re.compile(r"\s*([^:]+?)\s*:\s?(.*)")


class Setting(Struct, frozen=True):
    """In which zone moments are written, and what time it is (Unix seconds)."""

    zone: ZoneInfo = ZoneInfo("UTC")
    now: float = 0.0


def _text(field: Field, written: str, _: Setting) -> str:
    _object(written, _string(field.schema), hidden=field.secret)
    return written


def _whole(field: Field, written: str, _: Setting) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", written, re.ASCII):
        raise ValueError(f"must be a whole number, not '{escape(written, 40)}'")
    value = int(written)
    _object(value, inspect.IntType(**_limits(field.schema)))
    return value


def _number(field: Field, written: str, _: Setting) -> float:
    try:
        value = float(written.replace(",", "."))
    except ValueError:
        raise ValueError(f"must be a number, not '{escape(written, 40)}'") from None
    return _within(field, value)


def _span(field: Field, written: str, _: Setting) -> float:
    form = duration()
    try:
        value = form.read(written)
    except ValueError:
        raise ValueError(f"must be {form.allowed}") from None
    return _within(field, value)


def _within(field: Field, value: float) -> float:
    _object(value, inspect.FloatType(**_limits(field.schema)))
    return int(value) if value.is_integer() else value


def _either(_field: Field, written: str, _: Setting) -> int | str:
    return int(written) if re.fullmatch(r"-?\d{1,18}", written, re.ASCII) else written


def _moment(_field: Field, written: str, setting: Setting) -> int:
    return read_moment(written, setting.zone, setting.now)


def _choice(field: Field, written: str, _: Setting) -> Any:
    for option in field.options:
        if str(option.value) == written:
            return option.value
    allowed = ", ".join(str(option.value) for option in field.options)
    raise ValueError(f"'{escape(written, 40)}' is not known; allowed are {allowed}")


def _words(field: Field, written: str, _: Setting) -> list[str]:
    return _items_of(field, [part.strip() for part in written.split(",")])


def _items(field: Field, written: str, _: Setting) -> list[str]:
    return _items_of(field, [line.strip() for line in written.splitlines()])


def _items_of(field: Field, parts: list[str]) -> list[str]:
    kept = [part for part in parts if part]
    form = _string(field.schema.get("items", {}))
    for place, part in enumerate(kept, 1):
        wrong = objection(part, form)
        if wrong is not None:
            raise ValueError(f"entry {place}: {wrong}")
    return kept


def _marked(field: Field, written: str, _: Setting) -> list[dict[str, Any]]:
    """Lines such as `soft: latency < 500`: the text, and the names of marks that are set."""
    items = field.schema["items"]
    main = items["required"][0]
    marks = [name for name in items["properties"] if name != main]
    found = []
    for line in filter(None, map(str.strip, written.splitlines())):
        one: dict[str, Any] = {}
        while (named := line.partition(":"))[1] and named[0].strip().lower() in marks:
            one[named[0].strip().lower()] = True
            line = named[2].strip()
        found.append({main: line, **one})
    return found


def _pairs(_field: Field, written: str, _: Setting) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, line in enumerate(written.splitlines(), 1):
        if not line.strip():
            continue
        pair = _HEADER.fullmatch(line)
        if pair is None:
            raise ValueError(f"line {place} must be a name and a value, as in Accept: text/html")
        if pair[1] in found:
            raise ValueError(f"line {place}: {escape(pair[1], 40)} stands twice")
        found[pair[1]] = pair[2].strip()
    return found


def _json(_field: Field, written: str, _: Setting) -> Any:
    try:
        return msgspec.json.decode(written.encode())
    except msgspec.DecodeError as error:
        raise ValueError(f"must be JSON: {escape(str(error), 80)}") from None


READERS: dict[Shape, Callable[[Field, str, Setting], Any]] = {
    Shape.TEXT: _text,
    Shape.LINES: _text,
    Shape.WHOLE: _whole,
    Shape.NUMBER: _number,
    Shape.EITHER: _either,
    Shape.SPAN: _span,
    Shape.MOMENT: _moment,
    Shape.CHOICE: _choice,
    Shape.ONE_OF: _text,
    Shape.WORDS: _words,
    Shape.ITEMS: _items,
    Shape.MARKED: _marked,
    Shape.PAIRS: _pairs,
    Shape.JSON: _json,
}


def _object(value: object, kind: inspect.Type, *, hidden: bool = False) -> None:
    wrong = objection(value, kind, hidden=hidden)
    if wrong is not None:
        raise ValueError(wrong)


def _string(schema: Schema) -> inspect.StrType:
    return inspect.StrType(
        min_length=schema.get("minLength"),
        max_length=schema.get("maxLength"),
        pattern=schema.get("pattern"),
    )


def _limits(schema: Schema) -> dict[str, Any]:
    names = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
    return {short: schema[name] for name, short in names.items() if name in schema}
