"""The form of a maintenance: once, or again and again, in a time zone. Pure.

It has fields that the API has not. `when`, `repeat`, `at` and the days make the RRULE, so that
nobody has to write one, and what is once has a start and a duration, too: they make its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.forms import duration
from uptop_tui.forms.drafts import Body, Draft, Entries, Form
from uptop_tui.forms.entries import written_span
from uptop_tui.forms.fields import Field, Hint, Option, Shape, fields_of
from uptop_tui.forms.recurring import (
    DAILY,
    DAYS,
    MONTH_DAYS_PATTERN,
    MONTHLY,
    OWN,
    REPEATS,
    TIME_PATTERN,
    WEEKLY,
    Repeat,
    read_repeat,
    write_repeat,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from uptop_core.api_answers import Kinds
    from uptop_tui.forms.entries import Entry
    from uptop_tui.forms.known import Known

ONCE, AGAIN = "once", "again"
_OWN_FIELDS = ("when", "repeat", "at", "days", "month_days")
_OF_REPEAT = {
    DAILY: {"at"},
    WEEKLY: {"at", "days"},
    MONTHLY: {"at", "month_days"},
    OWN: {"rrule"},
}
_ORDER = (
    "name", "when", "repeat", "days", "month_days", "at", "rrule", "start", "duration", "timezone",
    "monitors", "groups", "tags", "all",
)  # fmt: skip


def maintenance_form(kinds: Kinds, known: Known, *, is_new: bool) -> Form:
    """The form of a maintenance."""
    found = {field.name: field for field in fields_of(kinds.maintenance, _hints(known))}
    del found["end"]
    found |= {field.name: field for field in _own_fields()}
    place = {name: number for number, name in enumerate(_ORDER)}
    return Form(
        title=f"{'Plan' if is_new else 'Edit'} maintenance",
        fields=tuple(sorted(found.values(), key=lambda field: place.get(field.name, 99))),
        relevant=_relevant,
        made=_made,
        derived=_derived,
        zone_field="timezone",
        places={"rrule": "repeat", "end": "duration", "": "monitors"},
    )


def new_maintenance(form: Form, zone: str, monitors: tuple[str, ...] = ()) -> Draft:
    """The draft of a new maintenance in that zone, for these monitors."""
    given: Entries = {"when": ONCE, "start": "now", "duration": "1h", "timezone": zone}
    given |= {**_repeat_entries(Repeat()), "rrule": "", "monitors": monitors}
    return Draft(form, given=given, is_new=True)


def _derived(body: Body) -> Entries:
    """When it is, as people choose it."""
    rrule, start, end = (body.get(name) for name in ("rrule", "start", "end"))
    entries: Entries = {"when": AGAIN if rrule else ONCE}
    entries |= _repeat_entries(read_repeat(rrule) if rrule else Repeat())
    if start is not None and end is not None:
        entries["duration"] = written_span((end - start) / 1000)
    return entries


def _repeat_entries(repeat: Repeat) -> Entries:
    return {
        "repeat": repeat.how,
        "at": repeat.at,
        "days": repeat.days,
        "month_days": repeat.month_days,
    }


def _relevant(form: Form, entries: Mapping[str, Entry]) -> Collection[str]:
    again = {"repeat", *_OF_REPEAT.get(str(entries["repeat"]), ())}
    every = {*_OWN_FIELDS, "rrule"}
    names = {field.name for field in form.fields} - every
    return names | {"when"} | (again if entries["when"] == AGAIN else set())


def _made(body: Body, entries: Mapping[str, Entry]) -> Body:
    """With an RRULE, made anew only where something else was chosen; or with an end."""
    chosen = [name for name in _OWN_FIELDS if body.pop(name, None) is not None]
    length = duration().read(str(entries["duration"]).strip())
    if entries["when"] == AGAIN:
        body.pop("end", None)
        body["duration"] = length
        days = entries["days"]
        repeat = Repeat(
            how=str(entries["repeat"]),
            at=str(entries["at"]).strip(),
            days=days if isinstance(days, tuple) else (),
            month_days=str(entries["month_days"]),
            rrule=str(entries["rrule"]).strip(),
        )
        body["rrule"] = write_repeat(repeat) if chosen else repeat.rrule
        return body
    body.pop("duration", None)
    if "start" in body:
        body["end"] = body["start"] + round(length * 1000)
    return body


def _own_fields() -> tuple[Field, ...]:
    when = (Option(ONCE, "once"), Option(AGAIN, "again and again"))
    choice, text = Shape.CHOICE, Shape.TEXT
    return (
        Field(name="when", shape=choice, label="When", required=True, options=when),
        Field(name="repeat", shape=choice, label="Repeats", required=True, options=REPEATS),
        Field(
            name="at", shape=text, label="At", required=True, schema={"pattern": TIME_PATTERN},
            help="when it begins, such as 02:00, by the clocks of the time zone",
        ),
        Field(name="days", shape=Shape.SOME_OF, label="Days", required=True, options=DAYS),
        Field(
            name="month_days", shape=text, label="Days", required=True,
            schema={"pattern": MONTH_DAYS_PATTERN},
            help="of the month, such as 1, 15; -1 is the last",
        ),
    )  # fmt: skip


def _hints(known: Known) -> dict[str, Hint]:
    some = Shape.SOME_OF
    return {
        "name": Hint(help="how it is called; no two have the same name"),
        "rrule": Hint(label="RRULE", help="of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU;BYHOUR=3"),
        "start": Hint(
            shape=Shape.MOMENT,
            help="such as 2026-12-01 22:00, now or +2h; of what recurs: not before",
        ),
        "duration": Hint(shape=Shape.SPAN, label="Lasts", help="such as 30m or 2h"),
        "timezone": Hint(label="Time zone", help="such as Europe/Berlin"),
        "monitors": Hint(shape=some, options=known.monitor_options, help="these monitors"),
        "groups": Hint(shape=some, options=known.group_options, help="all that is in these groups"),
        "tags": Hint(shape=Shape.WORDS, help="monitors with one of these tags, comma-separated"),
        "all": Hint(label="All monitors"),
    }
