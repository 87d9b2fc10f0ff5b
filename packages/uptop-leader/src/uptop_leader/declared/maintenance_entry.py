"""Fourth step of a document, for maintenance: an entry, beside what exists → the maintenance it
means; and back: a maintenance as people write it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from uptop_core.errors import ConfigError, Problem
from uptop_core.forms import write_duration
from uptop_core.strict import build
from uptop_leader.declared.faults import Faults, unknown
from uptop_leader.declared.shaping import seconds, shape
from uptop_leader.maintenance import LONGEST_S, Maintenance
from uptop_leader.recurrences import problem
from uptop_leader.zones import instant, wall_clock, zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from zoneinfo import ZoneInfo

    from uptop_leader.declared.document import Document
    from uptop_leader.declared.flat import Names
    from uptop_leader.declared.matching import Match

SHORTEST_S = 60.0
_MOMENT = re.compile(
    r"(?:19[7-9][0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_A_MOMENT = "must be a date and time such as 2026-12-01T22:00, or with an offset 2026-12-01T22:00Z"
_MOMENTS = ("start", "end")
FOR_NOTHING = "says not for what: monitors:, groups:, tags: or all: true"


class MaintenanceForm(Struct, frozen=True, kw_only=True):
    """A maintenance as people write it."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    id: str | None = None
    start: str | None = None
    end: str | None = None
    rrule: Annotated[str, Meta(max_length=500)] | None = None
    duration: float | None = None
    timezone: str = "UTC"
    monitors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    all: bool = False


_FIELDS = MaintenanceForm.__struct_fields__


def build_maintenance(
    document: Document, match: Match[Maintenance], ids: Mapping[str, str]
) -> tuple[Maintenance | None, list[Problem]]:
    """The maintenance that an entry means, or None and what is wrong with it.

    `ids` are those of all monitors by name, as they will be.
    """
    faults = Faults(document, match.entry)
    values = match.entry.values
    for field in values:
        if field not in _FIELDS and not faults.is_full:
            faults.tell(field, unknown("field", field, _FIELDS))
    known = {
        field: shape(field, value, MaintenanceForm, faults.tell)
        for field, value in values.items()
        if field in _FIELDS
    }
    if isinstance(known.get("duration"), str):
        known["duration"] = seconds("duration", known["duration"], faults.tell)
    try:
        form = build(MaintenanceForm, known, match.entry.path)
    except ConfigError as error:
        faults.tell_all(error)
        return None, faults.problems
    made = Maintenance(
        id=match.id,
        name=form.name,
        monitors=tuple(faults.references(list(form.monitors), "monitors", "monitor", ids)),
        groups=tuple(faults.references(list(form.groups), "groups", "group", ids)),
        tags=form.tags,
        all=form.all,
        timezone=form.timezone,
        duration=form.duration,
        rrule=form.rrule,
        **_moments(form, faults),
    )
    unread = [field for field in _MOMENTS if getattr(form, field) and getattr(made, field) is None]
    for wrong in when_problems(made, unread):
        faults.tell(wrong.field, wrong.message)
    if not (form.monitors or form.groups or form.tags or form.all):
        faults.tell("", FOR_NOTHING)
    return (None if faults.problems else made), faults.problems


def _moments(form: MaintenanceForm, faults: Faults) -> dict[str, float]:
    try:
        where = zone(form.timezone)
    except ValueError as error:
        faults.tell("timezone", str(error))
        return {}
    found = {}
    for field in _MOMENTS:
        written = getattr(form, field)
        try:
            if written is not None:
                found[field] = _moment(written, where)
        except ValueError:
            faults.tell(field, _A_MOMENT)
    return found


def _moment(written: str, where: ZoneInfo) -> float:
    """Unix seconds of a date and time; without an offset it is that of the clocks at `where`."""
    if not _MOMENT.fullmatch(written):
        raise ValueError
    at = datetime.fromisoformat(written)
    return instant(at, where) if at.tzinfo is None else at.timestamp()


def when_problems(made: Maintenance, unread: Collection[str] = ()) -> list[Problem]:
    """What is wrong with the times together; nothing of one that was written and could not be
    read.
    """
    missing = {field for field in _MOMENTS if getattr(made, field) is None and field not in unread}
    if made.rrule is None:
        return _once_problems(made, missing)
    problems = []
    if "end" not in missing:
        problems.append(Problem("end", "belongs to what is once: write UNTIL= into rrule"))
    if made.duration is None:
        problems.append(Problem("duration", "is required with rrule, such as 2h"))
    elif not SHORTEST_S <= made.duration <= LONGEST_S:
        problems.append(Problem("duration", f"must be from 1m to {write_duration(LONGEST_S)}"))
    if "start" not in unread:
        try:
            where = zone(made.timezone)
        except ValueError:  # told already
            return problems
        start = None if made.start is None else wall_clock(made.start, where)
        if (wrong := problem(made.rrule, start, where)) is not None:
            problems.append(Problem("rrule", wrong))
    return problems


def _once_problems(made: Maintenance, missing: Collection[str]) -> list[Problem]:
    """Of what is once."""
    if missing:
        first = "start" if "start" in missing else "end"
        return [Problem(first, "is required: start and end, or rrule and duration")]
    if made.duration is not None:
        return [Problem("duration", "belongs to rrule: what is once has a start and an end")]
    if made.start is not None and made.end is not None and made.end <= made.start:
        return [Problem("end", "must be after start")]
    return []


def flat_maintenance(maintenance: Maintenance, names: Names) -> dict[str, Any]:
    """The mapping of a maintenance, only what differs from the defaults."""
    where = zone(maintenance.timezone)
    flat = {
        "name": maintenance.name,
        "id": maintenance.id,
        "start": _written(maintenance.start, where),
        "end": _written(maintenance.end, where),
        "rrule": maintenance.rrule,
        "duration": None if maintenance.duration is None else _duration(maintenance.duration),
        "timezone": maintenance.timezone if maintenance.timezone != "UTC" else None,
        "monitors": [names.monitors[one] for one in maintenance.monitors if one in names.monitors],
        "groups": [names.monitors[one] for one in maintenance.groups if one in names.monitors],
        "tags": list(maintenance.tags),
        "all": maintenance.all or None,
    }
    return {name: value for name, value in flat.items() if value not in (None, [])}


def _written(at: float | None, where: ZoneInfo) -> str | None:
    """In local time, with an offset where the clocks show that time twice."""
    if at is None:
        return None
    local = wall_clock(at, where)
    if instant(local, where) == at:
        return local.isoformat()
    return datetime.fromtimestamp(at, UTC).astimezone(where).isoformat()


def _duration(length_s: float) -> str | float:
    words = write_duration(length_s)
    return words if words != f"{length_s}s" else length_s
