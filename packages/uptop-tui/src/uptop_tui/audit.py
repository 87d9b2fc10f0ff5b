"""The audit log as rows of a table, and the few words that say which entries are wanted. Pure."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import local, moment
from uptop_tui.screens.columns import Column
from uptop_tui.signs import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.access_answers import LogView
    from uptop_tui.screens.table import Cells

COLUMNS = (
    Column(key="at", title="WHEN", width=16),
    Column(key="who", title="WHO", width=10, share=1, rank=1),
    Column(key="what", title="WHAT", width=20, share=1),
    Column(key="about", title="ABOUT", width=14, share=2),
    Column(key="detail", title="DETAIL", width=10, share=2, rank=3),
    Column(key="source", title="FROM", width=15, rank=2),
)
FIELDS = ("who", "what", "about", "since", "until")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)


def cells(entry: LogView, now_ms: int) -> Cells:
    """The row of an entry."""
    return (
        moment(entry.at, now_ms),
        escape(entry.who, 40),
        escape(entry.what, 60),
        escape(entry.about, 80),
        escape(entry.detail, 120),
        escape(entry.source, 40),
    )


def about(entry: LogView) -> Content:
    """All of an entry."""
    at = local(entry.at).strftime("%Y-%m-%d %H:%M:%S %Z")
    first = Content.assemble(
        (f"{escape(entry.who, 200)}: {escape(entry.what, 200)}", "bold"),
        f" {escape(entry.about, 300)}",
        (
            f" — {at}, from {escape(entry.source, 100) or 'this machine'}, entry {entry.number}",
            QUIET,
        ),
    )
    return first if not entry.detail else first.append(f"\n{escape(entry.detail, 1000)}")


def matches(entry: LogView, words: Iterable[str]) -> bool:
    """Whether every word stands somewhere in it."""
    shown = "\n".join((entry.who, entry.what, entry.about, entry.detail, entry.source)).casefold()
    return all(word in shown for word in words)


def wanted(written: str, now_ms: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a person asks for, such as `who:ada what:"monitor deleted" since:2d shop`: the query of
    the API, and the words that are to stand in an entry. ValueError has the sentence.
    """
    try:
        pieces = shlex.split(written)
    except ValueError:
        raise ValueError("a quote is not closed") from None
    query: dict[str, str] = {}
    words: list[str] = []
    for piece in pieces:
        field, colon, value = piece.partition(":")
        if not colon or field.lower() not in FIELDS:
            words.append(piece.casefold())
        elif not value:
            raise ValueError(f"{field}: needs a value after the colon")
        elif field.lower() in ("since", "until"):
            query[field.lower()] = str(_moment_of(field.lower(), value, now_ms))
        else:
            query[field.lower()] = value
    return query, tuple(words)


def _moment_of(field: str, written: str, now_ms: int) -> int:
    """`90m`, `2d` (ago), or a date with or without a time, local."""
    if ago := _AGO.fullmatch(written):
        return max(0, now_ms - int(ago[1]) * _SECONDS[ago[2]] * 1000)
    try:
        at = datetime.fromisoformat(written).astimezone()
        return max(0, round(at.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"{field}: must be how long ago (90m, 6h, 2d, 1w) or a date (2026-11-22, 2026-11-22T14:30)"
        ) from None
