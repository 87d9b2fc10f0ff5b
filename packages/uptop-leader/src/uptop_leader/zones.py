"""Local times and time zones, as maintenance and cron have them. Pure.

Wall-clock times become instants as RFC 5545 has it (3.3.5): one that a clock skips counts with the
offset from before the change, so half past two becomes half past three; one that a clock shows twice
means the first of the two.
"""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from uptop_core.escaping import escape

_LONGEST = 64
"""No zone's name is longer."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ValueError(zone_problem(name)) from None


def zone_problem(name: str) -> str | None:
    """What is wrong with the name of a zone, or None."""
    known = _names()
    if name in known:
        return None
    if len(name) > _LONGEST:  # to look for a near one takes the longer the longer it is
        return f"a time zone has at most {_LONGEST} characters; write one such as Europe/Berlin"
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean '{folded[near[0]]}'?" if near else "write one such as Europe/Berlin"
    return f"there is no time zone '{escape(name, 60)}'; {hint}"


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """The names of all zones; to gather them is to walk through some hundred files."""
    return frozenset(available_timezones())


def instant(local: datetime, where: ZoneInfo) -> float:
    """Unix seconds of a wall-clock time (without a zone of its own) at `where`."""
    return local.replace(tzinfo=where, fold=0).timestamp()


def wall_clock(at: float, where: ZoneInfo) -> datetime:
    """What the clocks at `where` show at `at` (Unix seconds), without a zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(where).replace(tzinfo=None, fold=0)
