"""A maintenance of Gatus, which recurs daily or on days of the week → the times of one of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uptop_leader.imports.fields import Fields

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_START = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def maintenance_of(row: Fields) -> dict[str, Any] | None:
    """Rule, duration and zone; None where there is none, or it is switched off."""
    if not row.has("start") or not row.flag("enabled", default=True):
        return None
    start, days = _START.fullmatch(row.text("start")), []
    if start is None:
        row.tell("start", "must be a time such as 23:00")
        return None
    for path, day in row.items("every"):
        if day in _DAYS:
            days.append(str(day)[:2].upper())
        else:
            row.tell_at(path, f"must be one of {', '.join(_DAYS)}")
    often = f"FREQ=WEEKLY;BYDAY={','.join(days)}" if days else "FREQ=DAILY"
    rule = f"{often};BYHOUR={int(start[1])};BYMINUTE={int(start[2])}"
    found: dict[str, Any] = {"rrule": rule, "duration": row.seconds("duration")}
    return found | ({"timezone": row.text("timezone")} if row.has("timezone") else {})
