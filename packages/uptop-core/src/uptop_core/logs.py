"""Logs: one event per line, as `time LEVEL message key=value` or as JSON.

Whatever a target or a peer put into a message or a value is escaped, so that it can neither fake a
line nor reach a terminal.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Literal, get_args

from uptop_core.escaping import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

LEVELS: tuple[str, ...] = get_args(LogLevel)

_LIMIT = 4000  # characters of a message or a value
_TRACE_LIMIT = 20_000
_BARE = re.compile(r"[^\s\"'=\\]+")
# Libraries that tell at INFO what nobody asked, some of them URLs.
_TALKATIVE = ("httpx", "httpcore", "asyncio", "alembic", "uvicorn")


def set_up(level: LogLevel = "info", format: LogFormat = "text", to: IO[str] | None = None) -> None:
    """Send the events of this process from `level` on to `to` (default: standard error)."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(JsonLines() if format == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def event(logger: logging.Logger, level: int, message: str, /, **fields: object) -> None:
    """Log one event: a sentence that is always the same, and the facts in fields. Those that are
    None are left out. Never give it a secret.
    """
    if logger.isEnabledFor(level):
        logger.log(level, "%s", message, extra={"fields": fields})


class TextLines(logging.Formatter):
    """`2026-01-01T00:00:00.000Z INFO message key=value key="two words"`."""

    def format(self, record: logging.LogRecord) -> str:
        """One event as one line."""
        pairs = [f"{key}={_text(value)}" for key, value in _fields(record).items()]
        message = escape(record.getMessage(), _LIMIT)
        return " ".join([_moment(record), record.levelname, message, *pairs])


class JsonLines(logging.Formatter):
    """An object with `time`, `level`, `message` and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One event as one line."""
        line: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "message": escape(record.getMessage(), _LIMIT),
        }
        for key, value in _fields(record).items():
            name = f"{key}_" if key in line else key
            plain = isinstance(value, bool | int | float)
            line[name] = value if plain else escape(str(value), _TRACE_LIMIT)
        return json.dumps(line, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The fields of an event, and of an exception its text and trace."""
    given: Mapping[str, object] = getattr(record, "fields", {})
    fields = {key: value for key, value in given.items() if value is not None}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        fields["error"] = f"{type(error).__name__}: {error}"
        fields["trace"] = logging.Formatter().formatException(record.exc_info)
    return fields


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    escaped = escape(str(value), _TRACE_LIMIT)
    if _BARE.fullmatch(escaped):
        return escaped
    return '"' + escaped.replace('"', '\\"') + '"'
