"""Third step of a document: which of the things that exist an entry means.

By `id` if it gives one, so that a rename keeps the history; else by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from msgspec import Struct

from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.maintenance import Maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uptop_core.errors import Problem
    from uptop_leader.declared.document import Document, Entry

T = TypeVar("T", Monitor, Channel, Maintenance)


class Match(Struct, Generic[T], frozen=True):
    """An entry, the id it has or gets, and what exists under that id."""

    entry: Entry
    id: str
    existing: T | None


def match(
    entries: Sequence[Entry], existing: Sequence[T], new_id: Callable[[], str]
) -> list[Match[T]]:
    """The match of every entry, in their order. Faults are told by `match_problems`."""
    by_id = {one.id: one for one in existing}
    by_name = {one.name: one for one in existing}
    found: dict[str, T] = {}
    taken: set[str] = set()
    for entry in entries:
        same = by_id.get(_written_id(entry) or "")
        if same is not None and same.id not in taken:
            found[entry.path] = same
            taken.add(same.id)
    matches = []
    for entry in entries:
        known = found.get(entry.path)
        if known is None:
            same = by_name.get(entry.name or "")
            known = same if same is not None and same.id not in taken else None
        own = known.id if known is not None else _free_id(entry, taken, new_id)
        taken.add(own)
        matches.append(Match(entry, own, known))
    return matches


def _free_id(entry: Entry, taken: set[str], new_id: Callable[[], str]) -> str:
    written = _written_id(entry)
    return written if written is not None and written not in taken else new_id()


def match_problems(document: Document, matches: Sequence[Match[T]]) -> Iterator[Problem]:
    """Names and ids that stand twice in the document, and ids that are none."""
    for field in ("name", "id"):
        first: dict[str, str] = {}
        for one in matches:
            value = one.entry.values.get(field)
            if not isinstance(value, str) or not value:
                continue
            path = f"{one.entry.path}.{field}"
            if value in first:
                line = document.written.line(first[value])
                other = f"line {line}" if line is not None else first[value]
                yield document.problem(path, f"'{value}' is the {field} of another, see {other}")
            first.setdefault(value, path)
    for one in matches:
        written = one.entry.values.get("id")
        if "id" in one.entry.values and one.existing is None and not _is_uuid(written):
            path = f"{one.entry.path}.id"
            yield document.problem(path, "must be a UUID, or left out: then one is made")


def _written_id(entry: Entry) -> str | None:
    written = entry.values.get("id")
    return str(written) if isinstance(written, str) else None


def _is_uuid(written: object) -> bool:
    try:
        return isinstance(written, str) and str(UUID(written)) == written
    except ValueError:
        return False
