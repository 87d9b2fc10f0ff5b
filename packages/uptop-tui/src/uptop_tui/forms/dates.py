"""Moments as people write them, in a time zone of theirs: `2026-12-01 22:00`, `now`, `+2h`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from uptop_core.escaping import escape
from uptop_core.forms import duration

A_MOMENT = "must be a date and time such as 2026-12-01 22:00, or now, or +2h"
_WRITTEN = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{1,2}:\d{2}(:\d{2})?\s*(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
_LAST_YEAR = 2199


def read_moment(written: str, zone: ZoneInfo, now: float) -> int:
    """Unix milliseconds. `now` is in Unix seconds. Raises ValueError with a sentence."""
    words = written.strip()
    if words.lower() == "now":
        return round(now * 1000)
    if words.startswith("+"):
        try:
            return round((now + duration().read(words[1:].strip())) * 1000)
        except ValueError:
            raise ValueError(A_MOMENT) from None
    if not _WRITTEN.fullmatch(words):
        raise ValueError(A_MOMENT)
    try:
        at = datetime.fromisoformat(_padded(words))
        if not 1970 <= at.year <= _LAST_YEAR:
            raise ValueError
        local = at.replace(tzinfo=zone, fold=0) if at.tzinfo is None else at
        return round(local.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such date and time: {escape(words, 40)}") from None


def write_moment(at: int, zone: ZoneInfo) -> str:
    """What the clocks in the zone show, with the offset where they show it twice."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    seconds = "seconds" if local.second else "minutes"
    words = local.replace(tzinfo=None).isoformat(" ", seconds)
    if read_moment(words, zone, 0.0) == at // 1000 * 1000:
        return words
    return local.isoformat(" ", seconds)


def read_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError with a sentence."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        shown = escape(name, 60)
        raise ValueError(
            f"there is no time zone '{shown}'; write one such as Europe/Berlin"
        ) from None


def zone_of_machine(link: Path = Path("/etc/localtime")) -> str:
    """The name of the zone that this machine shows its times in; UTC where it does not say."""
    name = str(link.resolve()).partition("zoneinfo/")[2]
    try:
        return str(read_zone(name)) if name else "UTC"
    except ValueError:
        return "UTC"


def _padded(words: str) -> str:
    """With two digits for the hour and no space before an offset."""
    words = re.sub(r"\s+(Z|[+-])", r"\1", words.replace("T", " "))
    return re.sub(r" (\d):", r" 0\1:", words)
