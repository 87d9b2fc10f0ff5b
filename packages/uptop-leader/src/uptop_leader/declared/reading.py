"""First step of a document: YAML or JSON text → plain values, and the line each of them stands on.

Scalars are read by the core schema of YAML 1.2 (only `true` and `false` are booleans, so a region
may be called `no`). The text is read event by event and never composed by the library: nesting,
aliases and size are bounded here, and every wrong place is told, not only the first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from uptop_core.errors import Problem
from uptop_leader.declared.json_text import expand_all, fault_of, read_json
from uptop_leader.declared.references import expand
from uptop_leader.declared.written import (
    DEPTH_LIMIT,
    KEY_LIMIT,
    NODE_LIMIT,
    PLACES_LIMIT,
    TEXT_LIMIT,
    Unreadable,
    Written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PARSER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]{1,18}(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


def read(text: str, environ: Mapping[str, str] | None, *, literal: bool = False) -> Written:
    """The values of a YAML or JSON text. `${NAME}` is looked up in `environ`; None refuses it, and
    `literal` takes it as it stands, for texts to which it means nothing, or something else.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > TEXT_LIMIT:
        return Written(problems=[Problem("", f"longer than {TEXT_LIMIT} characters")])
    if text.lstrip()[:1] == "{" and (written := read_json(text)) is not None:
        if (fault := fault_of(written.value, text)) is not None:
            return Written(problems=[Problem("", fault)])
        if not literal:
            expand_all(written, environ)
        return written
    return _Reader(environ, literal=literal).read(text)


def plain(text: str) -> Any:
    """What an unquoted scalar is: null, a boolean, a number, or else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


class _Reader:
    """Reads one YAML text, event by event."""

    def __init__(self, environ: Mapping[str, str] | None, *, literal: bool) -> None:
        self.environ = environ
        self.literal = literal
        self.written = Written()
        self.events: Iterator[Any] = iter(())
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.places = 0

    def read(self, text: str) -> Written:
        """The values; what ends the reading is a problem like others."""
        self.events = iter(yaml.parse(text, Loader=_PARSER))
        try:
            self._document()
        except Unreadable as error:
            self.written.problems.append(error.problem)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            what = error.problem or error.context or "cannot be read"
            self.written.problems.append(Problem("", f"not YAML: {what}", line))
        except yaml.YAMLError as error:
            what = str(error).splitlines()[0]
            self.written.problems.append(Problem("", f"not YAML: {what}"))
        return self.written

    def _document(self) -> None:
        next(self.events)  # the stream begins
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return
        self.written.value = self._node(next(self.events), "", 0)
        next(self.events)  # the document ends
        if not isinstance(event := next(self.events), yaml.StreamEndEvent):
            raise Unreadable("a second document begins; one file holds one", _line(event))

    def _node(self, event: Any, path: str, depth: int) -> Any:
        self.written.lines.setdefault(path, _line(event))
        self.places += len(path)
        if self.places > PLACES_LIMIT:
            raise Unreadable("holds too much within names that are so long", _line(event))
        if depth > DEPTH_LIMIT:
            raise Unreadable(f"nested deeper than {DEPTH_LIMIT} levels", _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        before = self.nodes
        self._count(1, event)
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            self._problem(path, f"the tag {event.tag} is not known here: leave it out", event)
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path, depth)
        else:
            value = self._scalar(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - before)
        return value

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("a key is a single word or text", _line(event))
            key = event.value
            if len(key) > KEY_LIMIT:
                raise Unreadable(f"a key has at most {KEY_LIMIT} characters", _line(event))
            inner = f"{path}.{key}" if path else key
            if key == "<<" and event.implicit[0]:
                merged.update(self._merge(path, depth, event))
                continue
            if key in own:
                first = self.written.lines[inner]
                self._problem(inner, f"stands twice, first on line {first}", event)
                self._node(next(self.events), f"{path}.<<", depth + 1)
                continue
            self.written.lines[inner] = _line(event)
            own[key] = self._node(next(self.events), inner, depth + 1)
        return {**merged, **own}

    def _merge(self, path: str, depth: int, event: Any) -> dict[str, Any]:
        """The value of a `<<` key: a mapping, or several of which the first ones win."""
        value = self._node(next(self.events), f"{path}.<<", depth + 1)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._problem(path, "<< merges mappings only", event)
            return {}
        return {key: part[key] for part in reversed(parts) for key in part}

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _scalar(self, event: Any, path: str) -> Any:
        if "${" in event.value and not self.literal:
            text, problems = expand(event.value, self.environ)
            for problem in problems:
                self._problem(path, problem, event)
            return text
        return plain(event.value) if event.implicit[0] else event.value

    def _alias(self, event: Any, path: str) -> Any:
        if event.anchor not in self.anchors:
            self._problem(path, f"there is no anchor &{event.anchor} before this", event)
            return None
        value, size = self.anchors[event.anchor]
        self._count(size, event)
        return value

    def _count(self, nodes: int, event: Any) -> None:
        self.nodes += nodes
        if self.nodes > NODE_LIMIT:
            raise Unreadable(f"holds more than {NODE_LIMIT} values", _line(event))

    def _problem(self, path: str, message: str, event: Any) -> None:
        self.written.tell(path, message, _line(event))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
