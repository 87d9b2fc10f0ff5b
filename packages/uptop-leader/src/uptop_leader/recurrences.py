"""RRULE of RFC 5545: when something that recurs begins, in local time. Pure.

What is allowed is bounded: nothing recurs more often than `STARTS_A_DAY` times a day, and a rule
that never comes true is refused. python-dateutil does the calendar, imported when a rule exists.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_leader.zones import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

STARTS_A_DAY = 48
ANCHOR = datetime(2018, 1, 1)  # a Monday
"""What a rule without a start is counted from."""

_PERIODS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 0, "YEARLY": 0}  # days; 0: not always as many
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(rf"([+-]?([1-9]|[1-4][0-9]|5[0-3]))?({'|'.join(_DAYS)})", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}", re.ASCII)
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?", re.ASCII)
# The least and the most; where the least is negative, zero is none and counts from the end.
_LISTS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "BYSETPOS": (-366, 366),
}
_SINGLE = {"INTERVAL": (1, 1000), "COUNT": (1, 10_000)}
_KNOWN = ("FREQ", "UNTIL", "BYDAY", "WKST", *_SINGLE, *_LISTS)
# The calendar repeats itself after 400 years to the day of the week. Rules are worked out that much
# later, near the end of what a datetime can hold: so looking for what never comes ends soon.
_LATER_YEARS = 7600


def problem(rule: str, start: datetime | None, where: ZoneInfo) -> str | None:
    """What is wrong with a rule, or None; `start` is the local time it was given to begin at."""
    try:
        parts = _parts(rule)
        _check(parts, has_start=start is not None)
        if next(starts(rule, start or ANCHOR, where), None) is None:
            return "never comes true"
    except ValueError as error:
        return str(error)
    return None


def starts(
    rule: str, start: datetime, where: ZoneInfo, since: datetime = datetime.min
) -> Iterator[datetime]:
    """The local times at which a good rule that begins at `start` comes true, in order.

    It may leave out those before `since`, and does where that saves much work.
    """
    from dateutil.rrule import rrulestr

    parts = _parts(rule)
    until = _until(parts.pop("UNTIL", ""), where)
    if until is not None and until < start:
        return
    text = ";".join(f"{key}={value}" for key, value in parts.items())
    begin = _later(_skip(parts, start, since))
    try:
        worked = rrulestr(text, dtstart=begin)
        if until is not None:
            worked = worked.replace(until=_later(until))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"is not an RRULE: {error}") from error
    for later in worked:
        yield later.replace(year=later.year - _LATER_YEARS)


def _skip(parts: dict[str, str], start: datetime, since: datetime) -> datetime:
    """A later start in step with the first one, near `since`, where that is easily told."""
    days = _PERIODS[parts["FREQ"]] * int(parts.get("INTERVAL", 1))
    if not days or "COUNT" in parts or since - start < timedelta(days=4 * days):
        return start
    return start + timedelta(days=days * ((since - start).days // days - 2))


def _later(local: datetime) -> datetime:
    return local.replace(year=local.year + _LATER_YEARS)


def _until(written: str, where: ZoneInfo) -> datetime | None:
    """The last moment in local time; a date alone means its whole day."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written.removesuffix("Z"))
        if written.endswith("Z"):
            at = wall_clock(at.replace(tzinfo=UTC).timestamp(), where)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"UNTIL={written} is no date") from None
    if not 1970 <= at.year < 2200:
        raise ValueError("UNTIL must be a year from 1970 to 2199")
    return at if "T" in written else at + timedelta(days=1, seconds=-1)


def _parts(rule: str) -> dict[str, str]:
    """The parts of a rule by their names, each looked at on its own."""
    parts: dict[str, str] = {}
    for part in rule.upper().strip().removeprefix("RRULE:").split(";"):
        name, sign, value = part.strip().partition("=")
        shown = escape(part, 40)
        if not sign or not value:
            raise ValueError(f"'{shown}' is not NAME=VALUE, as in FREQ=WEEKLY;BYDAY=SU")
        if name not in _KNOWN:
            raise ValueError(f"there is no '{escape(name, 40)}': known are {', '.join(_KNOWN)}")
        if name in parts:
            raise ValueError(f"{name} stands twice")
        _check_value(name, value, shown)
        parts[name] = value
    if "FREQ" not in parts:
        raise ValueError("needs a FREQ: DAILY, WEEKLY, MONTHLY or YEARLY")
    return parts


def _check_value(name: str, value: str, shown: str) -> None:
    values = value.split(",")
    if name == "FREQ" and value not in _PERIODS:
        raise ValueError(
            "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY; several times a day are BYHOUR=6,18"
        )
    if name == "UNTIL" and not _UNTIL.fullmatch(value):
        raise ValueError(f"'{shown}' must be a date such as UNTIL=20261231 or 20261231T220000Z")
    if name == "WKST" and value not in _DAYS:
        raise ValueError(f"'{shown}' must be one of {', '.join(_DAYS)}")
    if name == "BYDAY" and not all(_DAY.fullmatch(each) for each in values):
        raise ValueError(f"'{shown}' must be days such as MO,WE or 1SU, -1FR")
    least, most = _SINGLE.get(name) or _LISTS.get(name) or (0, 0)
    if not most:
        return
    if name in _SINGLE and len(values) > 1:
        raise ValueError(f"'{shown}' must be one number")
    for each in values:
        number = int(each) if _NUMBER.fullmatch(each) else most + 1
        if not least <= number <= most or (least < 0 and number == 0):
            raise ValueError(f"'{shown}' must be from {least} to {most}")


def _check(parts: dict[str, str], *, has_start: bool) -> None:
    """What does not go together."""
    often = parts["FREQ"]
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("has either COUNT or UNTIL")
    if "COUNT" in parts and not has_start:
        raise ValueError("with COUNT needs a start: to count from")
    if often not in ("MONTHLY", "YEARLY") and re.search("[0-9]", parts.get("BYDAY", "")):
        raise ValueError("a number before a day, as in 1SU, needs FREQ=MONTHLY or YEARLY")
    ordinals = [int(each) for each in re.findall("[0-9]+", parts.get("BYDAY", ""))]
    if max(ordinals, default=0) > 5 and (often == "MONTHLY" or "BYMONTH" in parts):
        raise ValueError("no month has more than five of a day, as in 5SU")
    if often == "WEEKLY" and "BYMONTHDAY" in parts:
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY")
    for name in ("BYYEARDAY", "BYWEEKNO"):
        if name in parts and often != "YEARLY":
            raise ValueError(f"{name} needs FREQ=YEARLY")
    if "BYSETPOS" in parts and not any(
        name in parts for name in (*_LISTS, "BYDAY") if name != "BYSETPOS"
    ):
        raise ValueError("BYSETPOS needs another BY… to choose from")
    times = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= len(set(parts.get(name, "0").split(",")))
    if times > STARTS_A_DAY:
        raise ValueError(f"begins {times} times a day, more than {STARTS_A_DAY}")
