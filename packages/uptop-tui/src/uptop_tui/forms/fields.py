"""First step of a form: a JSON Schema → the fields that a person fills in. Pure.

What the schema says decides how a field is filled in, so that a new kind needs nothing here. An
object within the object becomes fields of its own; what fits nowhere is written as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = Mapping[str, Any]
_SHORT = {"api", "dns", "eu", "http2", "id", "ip", "ssl", "tls", "url"}
"""Words that are written in capitals."""


class Shape(Enum):
    """How a field is filled in."""

    TEXT = "a line of text"
    LINES = "text of several lines"
    WHOLE = "a whole number"
    NUMBER = "a number"
    EITHER = "a whole number, or text"
    SPAN = "a time such as 30s, 5m, 12h, 7d"
    MOMENT = "a date and time"
    YES_NO = "yes or no"
    CHOICE = "one of a few"
    ONE_OF = "one of many"
    SOME_OF = "several of many"
    WORDS = "several, comma-separated"
    ITEMS = "several, one a line"
    MARKED = "several, one a line, some with a mark before them"
    PAIRS = "several, one a line, as name: value"
    JSON = "JSON"


class Option(Struct, frozen=True):
    """One that can be chosen: its value, and what is shown of it."""

    value: Any
    label: str


class Hint(Struct, frozen=True, kw_only=True):
    """What is known of a field beyond its schema. What is left out is as the schema has it."""

    shape: Shape | None = None
    label: str = ""
    help: str = ""
    empty: str = ""
    section: str | None = None
    options: tuple[Option, ...] = ()


class Field(Struct, frozen=True, kw_only=True):
    """One thing to fill in. `name` is the dotted path at which it stands in the body; `section` is
    empty for what is always shown. `default` is None where there is none; `empty` says what an empty
    one means then.
    """

    name: str
    shape: Shape
    label: str
    help: str = ""
    empty: str = ""
    section: str = ""
    required: bool = False
    secret: bool = False
    default: Any = None
    schema: Schema = {}
    options: tuple[Option, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to it in the body."""
        return tuple(self.name.split("."))


def fields_of(
    schema: Schema,
    hints: Mapping[str, Hint] | None = None,
    *,
    prefix: str = "",
    section: str = "",
    defs: Schema | None = None,
) -> tuple[Field, ...]:
    """The fields of an object's schema, those that are required first.

    `prefix` is the path of the object in the body, `section` where fields go that are not required.
    `hints` are by the name in the body. The tag of a kind (`type`) is no field.
    """
    found = _Finding(defs or schema.get("$defs", {}), hints or {}).fields(schema, prefix, section)
    return tuple(sorted(found, key=lambda field: not field.required))


def resolved(schema: Schema, defs: Schema) -> Schema:
    """A schema without `$ref` at its top; what stands beside the `$ref` is kept."""
    while "$ref" in schema:
        target = defs[str(schema["$ref"]).rpartition("/")[2]]
        schema = {**target, **{key: one for key, one in schema.items() if key != "$ref"}}
    return schema


def chosen(schema: Schema, at: str, kind: str) -> Schema:
    """The schema of one kind, of the property `at` that is a choice between kinds; an empty one
    for a kind that is not known.
    """
    mapping = schema["properties"][at]["discriminator"]["mapping"]
    if kind not in mapping:
        return {}
    return resolved({"$ref": mapping[kind]}, schema.get("$defs", {}))


class _Finding:
    def __init__(self, defs: Schema, hints: Mapping[str, Hint]) -> None:
        self._defs = defs
        self._hints = hints

    def fields(self, schema: Schema, prefix: str, section: str) -> Iterator[Field]:
        required = schema.get("required", ())
        words = str(schema.get("description", ""))
        for key, written in schema.get("properties", {}).items():
            if _is_tag(written):
                continue
            own = resolved(written, self._defs)
            if "discriminator" in own:
                continue
            name = f"{prefix}{key}"
            if own.get("type") == "object" and "properties" in own:
                inner = self._hint(name).section or section
                yield from self.fields(own, f"{name}.", inner)
                continue
            yield self._field(name, key, own, words, section, is_required=key in required)

    def _hint(self, name: str) -> Hint:
        return self._hints.get(name, Hint())

    def _field(
        self, name: str, key: str, schema: Schema, words: str, section: str, *, is_required: bool
    ) -> Field:
        hint = self._hint(name)
        plain = without_null(schema, self._defs)
        if "x-unit" in schema:
            plain = {**plain, "x-unit": schema["x-unit"]}
        if "items" in plain:
            plain = {**plain, "items": resolved(plain["items"], self._defs)}
        shape = hint.shape or shape_of(plain)
        options = hint.options
        if shape is Shape.CHOICE and not options:
            options = tuple(Option(one, str(one)) for one in plain.get("enum", ()))
        return Field(
            name=name,
            shape=shape,
            label=hint.label or schema.get("title") or label_of(key),
            help=hint.help or schema.get("description") or help_of(key, words),
            empty=hint.empty,
            section="" if is_required else section if hint.section is None else hint.section,
            required=is_required,
            secret=plain.get("format") == "password",
            default=schema.get("default"),
            schema=plain,
            options=options,
        )


def shape_of(schema: Schema) -> Shape:
    """How something of this schema is filled in."""
    match schema:
        case {"enum": _}:
            return Shape.CHOICE
        case {"anyOf": [*several]}:
            kinds = {one.get("type") for one in several}
            if kinds == {"integer", "string"}:
                return Shape.EITHER
            return Shape.NUMBER if kinds == {"integer", "number"} else Shape.JSON
        case {"type": "array", "items": items}:
            return _shape_of_list(items)
        case {"type": "object", "additionalProperties": {"type": "string"}}:
            return Shape.PAIRS
        case _:
            return _plain_shape(schema)


_PLAIN = {
    "string": Shape.TEXT,
    "integer": Shape.WHOLE,
    "number": Shape.NUMBER,
    "boolean": Shape.YES_NO,
}


def _plain_shape(schema: Schema) -> Shape:
    if schema.get("x-unit") == "s":
        return Shape.SPAN
    return _PLAIN.get(str(schema.get("type")), Shape.JSON)


def _shape_of_list(items: Schema) -> Shape:
    if items.get("type") == "string":
        return Shape.ITEMS
    properties = items.get("properties", {})
    kinds = [properties[name].get("type") for name in items.get("required", ()) if properties]
    if kinds == ["string"] and all(
        one.get("type") == "boolean"
        for name, one in properties.items()
        if name != items["required"][0]
    ):
        return Shape.MARKED
    return Shape.JSON


def without_null(schema: Schema, defs: Schema) -> Schema:
    """What a schema allows beside null: a field that is left empty is left out."""
    several = schema.get("anyOf")
    if not several:
        return schema
    rest = [resolved(one, defs) for one in several if one.get("type") != "null"]
    return rest[0] if len(rest) == 1 else {"anyOf": rest}


def label_of(key: str) -> str:
    """The name of a field as people read it: `max_retries` → `Max retries`, `api_url` → `API URL`."""
    words = " ".join(
        word.upper() if word in _SHORT else word for word in key.replace("_", " ").split()
    )
    return words[:1].upper() + words[1:]


def help_of(key: str, words: str) -> str:
    """The sentences of a description that speak of a field: they name it in backquotes."""
    sentences = re.split(r"(?<=[.;])\s+", " ".join(words.split()))
    mark = re.compile(rf"`{re.escape(key)}`")
    found = [one.rstrip(";") for one in sentences if mark.search(one)]
    return " ".join(found).replace("`", "'")


def _is_tag(schema: Schema) -> bool:
    return len(schema.get("enum", ())) == 1 and "default" not in schema
