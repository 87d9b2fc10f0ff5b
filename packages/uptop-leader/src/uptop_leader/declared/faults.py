"""Collecting what is wrong with one entry, all of it, each at its place."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_leader.declared.written import PROBLEMS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.errors import ConfigError, Problem
    from uptop_leader.declared.document import Document, Entry

_HINT_LIMIT = 500  # names among which a nearest one is looked for
_HINTS = 10  # names that are not known, of one entry, for which a nearest one is looked for
_SHOWN = 60  # characters of what was written


class Faults:
    """The problems of one entry. A field whose text could not be read has been told already."""

    def __init__(self, document: Document, entry: Entry) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._path = entry.path
        self._told: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether as much is wrong as is told of anything: to look for more helps nobody."""
        return len(self.problems) >= PROBLEMS_LIMIT

    def tell(self, field: str, message: str) -> None:
        """Keep a problem of a field of the entry."""
        self.tell_at(f"{self._path}.{field}" if field else self._path, message)

    def tell_at(self, path: str, message: str) -> None:
        """Keep a problem at a path of the document."""
        if path not in self._told and path not in self._document.told:
            self._told.add(path)
            self.problems.append(self._document.problem(path, message))

    def tell_all(self, error: ConfigError, *, without: str = "") -> None:
        """Keep those of the strict reader, with a part of their paths that nobody wrote cut out."""
        for problem in error.problems:
            self.tell_at(problem.field.replace(without, "", 1), problem.message)

    def reference(self, name: object, field: str, what: str, ids: Mapping[str, str]) -> str | None:
        """The id of the name that was written in a field; one that does not exist is told."""
        if name is None:
            return None
        if not isinstance(name, str):
            self.tell(field, f"must be a text: the name of the {what}")
            return None
        if name not in ids:
            near = hint(name, ids) if len(self.problems) < _HINTS else ""
            self.tell(field, f"there is no {what} named '{escape(name, _SHOWN)}'{near}")
        return ids.get(name)

    def references(self, names: object, field: str, what: str, ids: Mapping[str, str]) -> list[str]:
        """The ids of one name or several, each once."""
        if not isinstance(names, list):
            found = [self.reference(names, field, what, ids)]
        else:
            found = [
                self.reference(name, f"{field}[{index}]", what, ids)
                for index, name in enumerate(names)
            ]
        return list(dict.fromkeys(id for id in found if id is not None))


def hint(written: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where something known comes near, else nothing."""
    names = list(known)
    near = difflib.get_close_matches(written, names, n=1) if len(names) <= _HINT_LIMIT else []
    return f"; did you mean '{escape(near[0], _SHOWN)}'?" if near else ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a word that is not known, with the nearest one that is."""
    names = sorted(known)
    return f"unknown {what} '{escape(name, _SHOWN)}'{hint(name, names) or '; known are ' + ', '.join(names)}"
