"""Strict at the operator's door: what a person wrote becomes a value, or all that is wrong is told.

In: plain data (from YAML or JSON) and a type. Out: the value, or a ConfigError with one problem
for each fault: unknown fields with the nearest known name, missing ones, wrong types and ranges,
and what a value says about itself, where its class has a method `problems`. On the wire unknown
fields are ignored instead: peers are decoded by msgspec alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec
from msgspec import inspect

from uptop_core.allowed import noun, objection, show
from uptop_core.errors import ConfigError, Problem
from uptop_core.escaping import escape

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

T = TypeVar("T")

DEPTH_LIMIT = 32  # fields within fields
PROBLEMS_LIMIT = 200  # told at once
_NAMES_LIMIT = 40  # known names listed in one sentence


def build(kind: type[T], mapping: object, path: str = "") -> T:
    """The value of type `kind` that `mapping` describes; `path` is where that stands.

    Raises ConfigError with every problem found, each with the dotted path of its field.
    """
    search = _Search()
    search.look(mapping, _described(cast("Hashable", kind)), path, hidden=False)
    if search.problems:
        raise ConfigError(search.problems)
    try:
        return msgspec.convert(mapping, kind)
    except msgspec.ValidationError as error:
        raise ConfigError([_left_over(error, path)]) from None


@lru_cache(maxsize=256)
def _described(kind: Hashable) -> inspect.Type:
    return inspect.type_info(kind)


class _Search:
    """All problems of one value, collected on a walk along its type."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._depth = 0

    def look(self, value: object, kind: inspect.Type, path: str, *, hidden: bool) -> None:
        """Compare `value` with `kind` and whatever is inside it."""
        if self._depth >= DEPTH_LIMIT:
            return self._add(path, f"is nested deeper than {DEPTH_LIMIT} levels")
        self._depth += 1
        match kind:
            case inspect.StructType():
                self._struct(value, kind, path, hidden=hidden)
            case inspect.UnionType():
                self._union(value, kind, path, hidden=hidden)
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
                self._list(value, kind, path, hidden=hidden)
            case inspect.DictType():
                self._dict(value, kind, path, hidden=hidden)
            case _:
                wrong = objection(value, kind, hidden=hidden)
                if wrong is not None:
                    self._add(path, wrong)
        self._depth -= 1
        return None

    def _add(self, path: str, message: str) -> None:
        if len(self.problems) < PROBLEMS_LIMIT:
            self.problems.append(Problem(path, message))
        elif len(self.problems) == PROBLEMS_LIMIT:
            self.problems.append(Problem("", f"there are more than {PROBLEMS_LIMIT} problems"))

    def _struct(self, value: object, kind: inspect.StructType, path: str, *, hidden: bool) -> None:
        if not isinstance(value, Mapping):
            return self._add(path, f"must be a set of fields, not {noun(value)}")
        before = len(self.problems)
        fields = {field.encode_name: field for field in kind.fields}
        known = [*fields, *([kind.tag_field] if kind.tag_field else [])]
        secrets = getattr(kind.cls, "secrets", ())
        for name, given in value.items():
            field = fields.get(name)
            if field is not None:
                at = _join(path, str(name))
                self.look(given, field.type, at, hidden=hidden or field.name in secrets)
            elif name not in known and len(self.problems) <= PROBLEMS_LIMIT:
                self._add(_join(path, _plain(name)), _unknown("field", name, known))
        for name, field in fields.items():
            if field.required and name not in value:
                self._add(_join(path, name), "is required")
        for found in _own_problems(value, kind, explained=len(self.problems) > before):
            self._add(_join(path, found.field), found.message)
        return None

    def _union(self, value: object, kind: inspect.UnionType, path: str, *, hidden: bool) -> None:
        """A choice by tag between structs, by what the value is between everything else."""
        if value is None and any(isinstance(one, inspect.NoneType) for one in kind.types):
            return None
        tagged = [
            one for one in kind.types if isinstance(one, inspect.StructType) and one.tag_field
        ]
        if tagged and (isinstance(value, Mapping) or len(tagged) == len(kind.types)):
            return self._tagged(value, tagged, path, hidden=hidden)
        others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        attempts = [self._attempt(value, one, path, hidden=hidden) for one in others]
        # The one that fits best says what is wrong: nothing, if one of them fits.
        for found in min(attempts, key=len, default=[]):
            self._add(found.field, found.message)
        return None

    def _attempt(
        self, value: object, kind: inspect.Type, path: str, *, hidden: bool
    ) -> list[Problem]:
        search = _Search()
        search._depth = self._depth
        search.look(value, kind, path, hidden=hidden)
        return search.problems

    def _tagged(
        self, value: object, kinds: Sequence[inspect.StructType], path: str, *, hidden: bool
    ) -> None:
        if not isinstance(value, Mapping):
            return self._add(path, f"must be a set of fields, not {noun(value)}")
        tag_field = str(kinds[0].tag_field)
        known = {str(kind.tag): kind for kind in kinds}
        names = ", ".join(sorted(known))
        at = _join(path, tag_field)
        if tag_field not in value:
            return self._add(at, f"is required: one of {names}")
        tag = value[tag_field]
        chosen = known.get(tag) if isinstance(tag, str) else None
        if chosen is None:
            return self._add(at, _unknown(tag_field, tag, sorted(known)))
        return self._struct(value, chosen, path, hidden=hidden)

    def _list(
        self,
        value: object,
        kind: inspect.ListType | inspect.VarTupleType | inspect.SetType,
        path: str,
        *,
        hidden: bool,
    ) -> None:
        if not isinstance(value, list | tuple):
            return self._add(path, f"must be a list, not {noun(value)}")
        if kind.min_length is not None and len(value) < kind.min_length:
            self._add(path, f"must have at least {kind.min_length} entries, not {len(value)}")
        if kind.max_length is not None and len(value) > kind.max_length:
            self._add(path, f"must have at most {kind.max_length} entries, not {len(value)}")
        for place, item in enumerate(value):
            self.look(item, kind.item_type, f"{path}[{place}]", hidden=hidden)
        return None

    def _dict(self, value: object, kind: inspect.DictType, path: str, *, hidden: bool) -> None:
        if not isinstance(value, Mapping):
            return self._add(path, f"must be a set of fields, not {noun(value)}")
        for key, item in value.items():
            at = _join(path, _plain(key))
            wrong = objection(key, kind.key_type)
            if wrong is not None:
                self._add(at, f"the name {wrong}")
            self.look(item, kind.value_type, at, hidden=hidden)
        return None


def _own_problems(value: object, kind: inspect.StructType, *, explained: bool) -> Iterator[Problem]:
    """What a value says about itself, if it has the right form; if not, and nobody has `explained`
    why, what msgspec says.
    """
    judge = getattr(kind.cls, "problems", None)
    if judge is None:
        return
    try:
        made = msgspec.convert(value, kind.cls)
    except RecursionError:  # found by the walk before
        return
    except msgspec.ValidationError as error:
        if not explained:
            yield _left_over(error, "")
    else:
        yield from judge(made)


def _unknown(what: str, name: object, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    if near:
        return f"unknown {what} {show(name)}; did you mean '{near[0]}'?"
    return f"unknown {what} {show(name)}; known are {', '.join(list(known)[:_NAMES_LIMIT])}"


def _left_over(error: msgspec.ValidationError, path: str) -> Problem:
    """A fault that only msgspec knows to find, with its path in our form."""
    message, _, place = str(error).partition(" - at `")
    where = place.removesuffix("`").removeprefix("$").removeprefix(".")
    return Problem(_join(path, where), message[:1].lower() + message[1:])


def _plain(name: object) -> str:
    return escape(str(name), 60)


def _join(path: str, name: str) -> str:
    if not path or not name:
        return path or name
    return f"{path}{name}" if name.startswith("[") else f"{path}.{name}"
