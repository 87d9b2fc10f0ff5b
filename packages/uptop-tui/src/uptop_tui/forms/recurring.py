"""A recurring time as people choose it (daily, on some days of the week, of the month) ↔ its RRULE. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from uptop_tui.forms.fields import Option

DAYS = (
    Option("MO", "Monday"),
    Option("TU", "Tuesday"),
    Option("WE", "Wednesday"),
    Option("TH", "Thursday"),
    Option("FR", "Friday"),
    Option("SA", "Saturday"),
    Option("SU", "Sunday"),
)
DAILY, WEEKLY, MONTHLY, OWN = "daily", "weekly", "monthly", "own"
REPEATS = (
    Option(DAILY, "every day"),
    Option(WEEKLY, "on some days of the week"),
    Option(MONTHLY, "on some days of the month"),
    Option(OWN, "by an RRULE of one's own"),
)
TIME_PATTERN = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$"
MONTH_DAYS_PATTERN = r"^-?[0-9]{1,2}(, *-?[0-9]{1,2})*$"

_SIMPLE = re.compile(
    r"FREQ=(?P<often>DAILY|WEEKLY|MONTHLY)"
    r"(;BYDAY=(?P<days>[A-Z]{2}(,[A-Z]{2})*))?"
    r"(;BYMONTHDAY=(?P<month_days>-?[0-9]+(,-?[0-9]+)*))?"
    r"(;BYHOUR=(?P<hour>[0-9]+))?(;BYMINUTE=(?P<minute>[0-9]+))?",
    re.ASCII,
)


class Repeat(Struct, frozen=True, kw_only=True):
    """How something recurs; `rrule` is what it says where that is `own`."""

    how: str = WEEKLY
    at: str = "02:00"
    days: tuple[str, ...] = ("SU",)
    month_days: str = "1"
    rrule: str = ""


def write_repeat(repeat: Repeat) -> str:
    """The RRULE."""
    if repeat.how == OWN:
        return repeat.rrule
    hour, _, minute = repeat.at.partition(":")
    time = f"BYHOUR={int(hour)};BYMINUTE={int(minute)}"
    if repeat.how == WEEKLY:
        order = [option.value for option in DAYS]
        days = ",".join(sorted(repeat.days, key=order.index))
        return f"FREQ=WEEKLY;BYDAY={days};{time}"
    if repeat.how == MONTHLY:
        days = ",".join(part.strip() for part in repeat.month_days.split(","))
        return f"FREQ=MONTHLY;BYMONTHDAY={days};{time}"
    return f"FREQ=DAILY;{time}"


def read_repeat(rrule: str) -> Repeat:
    """How an RRULE recurs: one of the simple ways, or `own`."""
    found = _SIMPLE.fullmatch(rrule.strip().upper().removeprefix("RRULE:"))
    own = Repeat(how=OWN, rrule=rrule)
    if found is None or found["hour"] is None:
        return own
    at = f"{int(found['hour']):02}:{int(found['minute'] or 0):02}"
    match found["often"], found["days"], found["month_days"]:
        case "DAILY", None, None:
            simple = Repeat(how=DAILY, at=at, rrule=rrule)
        case "WEEKLY", str(days), None:
            simple = Repeat(how=WEEKLY, at=at, days=tuple(days.split(",")), rrule=rrule)
        case "MONTHLY", None, str(days):
            simple = Repeat(how=MONTHLY, at=at, month_days=days.replace(",", ", "), rrule=rrule)
        case _:
            return own
    return simple


def repeat_words(rrule: str, duration_words: str) -> str:
    """How it recurs, for a table: `Sunday 02:00 for 2h`."""
    repeat = read_repeat(rrule)
    if repeat.how == OWN:
        return f"{rrule} for {duration_words}"
    names = {option.value: option.label[:3] for option in DAYS}
    when = {
        DAILY: "daily",
        WEEKLY: ", ".join(names.get(day, day) for day in repeat.days),
        MONTHLY: f"day {repeat.month_days} of the month",
    }[repeat.how]
    return f"{when} {repeat.at} for {duration_words}"
