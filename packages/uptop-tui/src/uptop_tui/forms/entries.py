"""Second step of a form: what stands in a field → the value it means, and back. Pure.

An entry is what a widget holds: a text, yes or no, or the values of several that were chosen. What
cannot be read is a ValueError whose words are the sentence at the field; they are the leader's own.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from uptop_core.forms import duration, write_duration
from uptop_tui.forms.dates import write_moment
from uptop_tui.forms.fields import Field, Shape
from uptop_tui.forms.reading import READERS, Setting

Entry = str | bool | tuple[str, ...]

REQUIRED = "is required"


class Absent(Struct, frozen=True):
    """What an empty field means: it is left out, and the default holds."""


ABSENT = Absent()


def value_of(field: Field, entry: Entry, setting: Setting) -> Any:
    """The value, or ABSENT. Raises ValueError with what is wrong and what is allowed."""
    if isinstance(entry, bool):
        return entry
    if isinstance(entry, tuple):
        return _several(field, entry)
    written = entry if field.secret or field.shape is Shape.LINES else entry.strip()
    if not written:
        if field.required:
            raise ValueError(REQUIRED)
        return ABSENT
    value = READERS[field.shape](field, written, setting)
    if isinstance(value, list):
        return _sized(field, value)
    return value


def entry_of(field: Field, value: Any, setting: Setting) -> Entry:
    """What stands in the field for a value; None stands for nothing."""
    match field.shape:
        case Shape.YES_NO:
            return bool(value)
        case Shape.SOME_OF:
            return tuple(str(one) for one in value or ())
        case _ if value is None:
            return ""
        case Shape.SPAN:
            return written_span(value)
        case Shape.MOMENT:
            return write_moment(value, setting.zone)
        case Shape.WORDS:
            return ", ".join(value)
        case Shape.ITEMS:
            return "\n".join(value)
        case Shape.PAIRS:
            return "\n".join(f"{name}: {one}" for name, one in value.items())
        case Shape.MARKED:
            return "\n".join(_marked_line(one) for one in value)
        case Shape.JSON:
            return json.dumps(value, ensure_ascii=False)
        case _:
            return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def written_span(seconds: float) -> str:
    """Seconds in the words that mean exactly the same."""
    words = write_duration(seconds)
    return words if duration().read(words) == seconds else f"{seconds}s"


def _several(field: Field, entry: tuple[str, ...]) -> Any:
    if not entry:
        if field.required:
            raise ValueError(REQUIRED)
        return ABSENT
    return _sized(field, list(entry))


def _sized(field: Field, values: list[Any]) -> list[Any]:
    most, least = field.schema.get("maxItems"), field.schema.get("minItems", 0)
    if most is not None and len(values) > most:
        raise ValueError(f"must have at most {most} entries, not {len(values)}")
    if len(values) < least:
        raise ValueError(f"must have at least {least} entries, not {len(values)}")
    return values


def _marked_line(one: dict[str, Any]) -> str:
    marks = "".join(f"{name}: " for name, value in one.items() if value is True)
    return marks + " ".join(str(value) for value in one.values() if not isinstance(value, bool))
