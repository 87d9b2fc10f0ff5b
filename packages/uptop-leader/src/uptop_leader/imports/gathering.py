"""What the reader of a format gathers: entries like those of a document, each with its place in the
file, and what is to be told of what is not among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_core.errors import Problem
from uptop_core.escaping import escape
from uptop_leader.declared.document import Document, Entry
from uptop_leader.imports.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.declared.written import Written

_SHOWN = 200


class NoCounterpart(Exception):
    """Raised for what cannot be made here; the text says why, for the person who reads the plan."""


class Import(Struct, frozen=True, kw_only=True):
    """What a file says. `notes` tell what it says beyond that; with `lays_over` its entries are laid
    over what exists, else they are whole, as `uptop-leader export` writes them.
    """

    document: Document
    notes: tuple[str, ...] = ()
    lays_over: bool = True


class Gathering:
    """Gathers one file's entries, problems and notes."""

    def __init__(self, written: Written, source: str) -> None:
        self.channels: list[Entry] = []
        self.monitors: list[Entry] = []
        self.maintenances: list[Entry] = []
        self._written = written
        self._source = source
        self._problems: dict[str, Problem] = {one.field: one for one in written.problems}
        self._left_out: list[str] = []
        self._lacks: dict[str, list[str]] = {}
        self._names: dict[str, set[str]] = {}

    def fields(self, values: Mapping[str, Any], path: str = "") -> Fields:
        """Values of the file, whose faults are told here."""
        return Fields(values, path, self.tell)

    def tell(self, path: str, message: str) -> None:
        """A fault of the file itself, told once: nothing of it is taken then."""
        self._problems.setdefault(path, Problem(path, message, self._written.line(path)))

    def left_out(self, what: str, why: str) -> None:
        """Something that has no counterpart."""
        self._left_out.append(f"! {escape(what, _SHOWN)} is left out: {escape(why, _SHOWN)}")

    def without(self, part: str, what: str) -> None:
        """A part of something, as `the condition x`, that has none, while the rest is taken."""
        self._lacks.setdefault(escape(part, _SHOWN), []).append(escape(what, _SHOWN))

    def free_name(self, space: str, *wanted: str) -> str:
        """The first of `wanted` that nothing gathered so far has; the last one, if all are taken."""
        taken = self._names.setdefault(space, set())
        name = next((one for one in wanted if one not in taken), wanted[-1])
        taken.add(name)
        return name

    def gathered(self) -> Import:
        """All of it."""
        lacks = (f"! without {part}: {', '.join(whose)}" for part, whose in self._lacks.items())
        return Import(
            document=Document(
                source=self._source,
                written=self._written,
                channels=tuple(self.channels),
                monitors=tuple(self.monitors),
                maintenances=tuple(self.maintenances),
                problems=tuple(self._problems.values()),
                told=frozenset(self._problems),
            ),
            notes=(*self._left_out, *lacks),
        )


def quoted(text: str) -> str:
    """A text as the operand of a condition that compares it as a text."""
    if '"' not in text:
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', '\\"') + '"'
