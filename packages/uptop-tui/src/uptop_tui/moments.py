"""Moments and spans of time for people, short enough for a column. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60
_LAST_S = 253_402_300_799  # of the year 9999, in UTC


def span(seconds: float) -> str:
    """How long, in its two largest units: `45 s`, `12 min`, `3 h 20 min`, `5 d 4 h`."""
    left = max(0, int(seconds))
    if left < _MINUTE_S:
        return f"{left} s"
    if left < _HOUR_S:
        return f"{left // _MINUTE_S} min"
    if left < _DAY_S:
        hours, minutes = left // _HOUR_S, left % _HOUR_S // _MINUTE_S
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = left // _DAY_S, left % _DAY_S // _HOUR_S
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def brief(seconds: float) -> str:
    """How long, in its largest unit alone, for narrow columns: `45 s`, `12 min`, `3 h`, `5 d`."""
    return " ".join(span(seconds).split()[:2])


def ago(at_ms: int, now_ms: int) -> str:
    """How long ago, for narrow columns: `12 min ago`."""
    return f"{brief((now_ms - at_ms) / 1000)} ago"


def moment(at_ms: int, now_ms: int) -> str:
    """When, in local time: with the date where it is not today."""
    then, today = local(at_ms), local(now_ms).date()
    return then.strftime("%H:%M:%S" if then.date() == today else "%Y-%m-%d %H:%M")


def local(at_ms: int) -> datetime:
    """A moment by the clocks here. At the end of the calendar they have none east of Greenwich, and
    a certificate without an end says just that moment (RFC 5280, 4.1.2.5): it stays in UTC.
    """
    at = datetime.fromtimestamp(min(max(0.0, at_ms / 1000), _LAST_S), UTC)
    try:
        return at.astimezone()
    except (ValueError, OverflowError):
        return at
