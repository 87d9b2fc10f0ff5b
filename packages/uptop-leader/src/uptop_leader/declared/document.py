"""Second step of a document: plain values → entries, each with its place, groups laid flat.

What an entry holds is looked at in the next step, beside what there is already: a masked secret
and a reference can only be understood there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_core.errors import Problem
from uptop_leader.declared.faults import unknown
from uptop_leader.declared.reading import read
from uptop_leader.declared.written import PROBLEMS_LIMIT, Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = "uptop"
FORMAT_VERSION = 1

_SECTIONS = ("alerts", "maintenance", "monitors")


class Entry(Struct, frozen=True, kw_only=True):
    """One monitor, channel or maintenance as it was written. `path` is where, `group` the path of the group
    that it stands in and `group_name` what that is called.
    """

    path: str
    values: dict[str, Any]
    group: str | None = None
    group_name: object = None

    @property
    def name(self) -> str | None:
        """Its name, if it is one."""
        name = self.values.get("name")
        return str(name) if isinstance(name, str) and name else None


class Document(Struct, frozen=True, kw_only=True):
    """A document. A section that is not there is None: nothing is said about what belongs there."""

    source: str
    written: Written
    channels: tuple[Entry, ...] | None
    monitors: tuple[Entry, ...] | None
    maintenances: tuple[Entry, ...] | None
    problems: tuple[Problem, ...]
    told: frozenset[str] = frozenset()
    """The places of `problems`: nothing more is to be said of them."""

    def problem(self, path: str, message: str) -> Problem:
        """A problem at a place of this document, with its line."""
        return Problem(path, message, self.written.line(path))


def read_text(text: str, source: str, environ: Mapping[str, str] | None = None) -> Document:
    """Read YAML or JSON. Never raises: what is wrong is kept, so that all of it is told together.

    `source` names the text to people, such as its file. References to the environment are looked
    up in `environ`; None, for texts that come over the network, refuses them.
    """
    written = read(text, environ)
    problems = list(written.problems)
    sections: dict[str, tuple[Entry, ...] | None] = dict.fromkeys(_SECTIONS)
    if isinstance(written.value, dict):
        problems += islice(_wrong_keys(written), PROBLEMS_LIMIT)
        for name in _SECTIONS:
            if name in written.value:
                found: list[Problem] = []
                sections[name] = tuple(_entries(written, name, written.value[name], found))
                problems += found
    elif not problems:
        problems.append(Problem("", "must hold alerts: or monitors:", written.line("")))
    return Document(
        source=source,
        written=written,
        channels=sections["alerts"],
        monitors=sections["monitors"],
        maintenances=sections["maintenance"],
        problems=tuple(problems),
        told=frozenset(problem.field for problem in problems if problem.field),
    )


def _wrong_keys(written: Written) -> Iterator[Problem]:
    """Keys at the top that are not known, or say that this is something else.

    Keys that begin with `x-` are people's own, as a place for what anchors name.
    """
    for key, value in written.value.items():
        line = written.line(key)
        if key == "format" and value != FORMAT:
            yield Problem(key, f"is not {FORMAT!r}: this is not a document of uptop", line)
        elif key == "version" and value != FORMAT_VERSION:
            yield Problem(key, f"is not {FORMAT_VERSION}: written by another version", line)
        elif key not in (*_SECTIONS, "format", "version") and not key.startswith("x-"):
            yield Problem(key, unknown("field", key, _SECTIONS), line)


def _entries(
    written: Written, path: str, value: Any, problems: list[Problem], group: Entry | None = None
) -> Iterator[Entry]:
    """The entries of a section, those of groups right after their group."""
    if value is None:
        return
    if not isinstance(value, list):
        problems.append(Problem(path, "must be a list", written.line(path)))
        return
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if not isinstance(item, dict):
            problems.append(Problem(place, "must be a mapping of fields", written.line(place)))
            continue
        holds_monitors = path.startswith("monitors") and "monitors" in item
        own = {key: inner for key, inner in item.items() if key != "monitors" or not holds_monitors}
        entry = Entry(
            path=place,
            values=own,
            group=group.path if group is not None else None,
            group_name=group.name if group is not None else None,
        )
        yield entry
        if holds_monitors:
            inner_path = f"{place}.monitors"
            if item.get("type") != "group":
                message = "only a monitor of type group holds monitors"
                problems.append(Problem(inner_path, message, written.line(inner_path)))
            yield from _entries(written, inner_path, item["monitors"], problems, entry)
