"""Which monitors are meant by a few words. Pure.

In: what a person writes, such as `status:down,late tag:web api -staging`. Out: the monitors for which
every word holds. A word alone is looked for in the name, the target and the error.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uptop_core.views import MonitorView

STATUSES = (
    *("DOWN", "UNKNOWN", "PARTIAL", "LATE", "DEGRADED"),
    *("PENDING", "UP", "MAINTENANCE", "PAUSED"),
)
"""Every status, the worst first."""


class Word(Struct, frozen=True):
    """One condition: a field (empty: any text) holds one of the texts; `negated`: none of them."""

    field: str
    texts: tuple[str, ...]
    negated: bool = False

    def holds(self, view: MonitorView) -> bool:
        """Whether it is true of a monitor."""
        return _FIELDS[self.field](view, self.texts) != self.negated


class Filter(Struct, frozen=True):
    """Conditions that must all hold; without any, every monitor is meant."""

    words: tuple[Word, ...] = ()

    def chosen(self, views: Iterable[MonitorView]) -> tuple[MonitorView, ...]:
        """Those that are meant, in their order."""
        return tuple(view for view in views if self.holds(view))

    def holds(self, view: MonitorView) -> bool:
        """Whether a monitor is meant."""
        return all(word.holds(view) for word in self.words)


def read_filter(written: str) -> Filter:
    """What a person means; ValueError has the sentence. Quotes keep words together."""
    try:
        pieces = shlex.split(written)
    except ValueError:
        raise ValueError(f"a quote is not closed in {written!r}") from None
    return Filter(tuple(_word(piece) for piece in pieces if piece.strip("-!")))


def _word(piece: str) -> Word:
    negated = piece[0] in "-!"
    piece = piece[1:] if negated else piece
    field, colon, value = piece.partition(":")
    if not colon or field.lower() not in _FIELDS or not field:
        return Word("", (piece.casefold(),), negated)
    texts = tuple(text.casefold() for text in value.split(",") if text)
    if not texts:
        raise ValueError(f"{field}: needs a value after the colon")
    if field.lower() == "status":
        _check_statuses(texts)
    return Word(field.lower(), texts, negated)


def _check_statuses(texts: tuple[str, ...]) -> None:
    for text in texts:
        if text.upper() not in STATUSES:
            allowed = ", ".join(status.lower() for status in STATUSES)
            raise ValueError(f"there is no status {text!r}: one of {allowed}")


def _has_text(view: MonitorView, texts: tuple[str, ...]) -> bool:
    shown = "\n".join((view.name, view.target, view.error)).casefold()
    return any(text in shown for text in texts)


def _is_one_of(value: str, texts: tuple[str, ...]) -> bool:
    return value.casefold() in texts


def _has_one_of(values: Iterable[str], texts: tuple[str, ...]) -> bool:
    return any(value.casefold() in texts for value in values)


_FIELDS: dict[str, Callable[[MonitorView, tuple[str, ...]], bool]] = {
    "": _has_text,
    "status": lambda view, texts: _is_one_of(view.status, texts),
    "type": lambda view, texts: _is_one_of(view.type, texts),
    "tag": lambda view, texts: _has_one_of(view.tags, texts),
    "region": lambda view, texts: _has_one_of((vote.region for vote in view.votes), texts),
    "name": lambda view, texts: any(text in view.name.casefold() for text in texts),
}
FIELDS = tuple(name for name in _FIELDS if name)
"""The words that may stand before a colon."""
