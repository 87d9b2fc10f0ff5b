"""Times as they are stored and shown: whole milliseconds since 1970, UTC."""

from __future__ import annotations


def to_ms(seconds: float) -> int:
    """Unix seconds as milliseconds."""
    return round(seconds * 1000)


def to_ms_or_none(seconds: float | None) -> int | None:
    """The same, for a time that may not have come."""
    return None if seconds is None else round(seconds * 1000)


def to_seconds(ms: int) -> float:
    """Stored milliseconds as Unix seconds."""
    return ms / 1000


def to_seconds_or_none(ms: int | None) -> float | None:
    """The same, for a time that may not have come."""
    return None if ms is None else ms / 1000
