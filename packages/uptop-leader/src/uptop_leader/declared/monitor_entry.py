"""Fourth step of a document, for monitors: an entry, beside what exists → the monitor it means.

Every fault of the entry is told: unknown fields, wrong types and ranges, references that lead
nowhere, and what the rules say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from uptop_core.checks.push import PushCheck
from uptop_core.errors import ConfigError, Problem
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_core.strict import build
from uptop_leader.declared.faults import Faults, unknown
from uptop_leader.declared.rules import monitor_problems
from uptop_leader.declared.shaping import ELSEWHERE, masks, shape, unmask

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.check import Check
    from uptop_leader.declared.document import Document, Entry
    from uptop_leader.declared.matching import Match
    from uptop_leader.declared.shaping import Tell

_OWN = tuple(
    field.name
    for field in msgspec.structs.fields(Monitor)
    if field.name not in ("id", "check", "channels", "depends_on", "parent")
)
_REFERENCES = ("id", "type", "alert", "alerts", "depends_on", "parent")
_MEANT = {"channel": "alert", "channels": "alerts", "group": "parent"}


class Ids(Struct, frozen=True):
    """The ids of monitors and of channels by name, as they will be after the change, and the id of
    the entry at a path.
    """

    monitors: Mapping[str, str]
    channels: Mapping[str, str]
    entries: Mapping[str, str]


def build_monitor(
    document: Document, match: Match[Monitor], ids: Ids, new_token: Callable[[], str]
) -> tuple[Monitor | None, list[Problem]]:
    """The monitor that an entry means, or None and what is wrong with it."""
    faults = Faults(document, match.entry)
    values = match.entry.values
    kind = _kind(values, faults)
    own, check = _sorted_fields(values, kind, faults)
    if kind is not None:
        old = match.existing.check if match.existing is not None else None
        check = with_secrets(check, kind, old, new_token, faults.tell)
    if check.get("cron") and "interval" in own:
        faults.tell("interval", "with cron is the time between its moments: leave it out")
    own |= _references(match.entry, ids, faults)
    tagged = {"type": kind.kind() if kind is not None else "group", **check}
    try:
        monitor = build(Monitor, {**own, "id": match.id, "check": tagged}, match.entry.path)
    except ConfigError as error:
        faults.tell_all(error, without=".check")
        return None, faults.problems
    for problem in monitor_problems(monitor):
        faults.tell(problem.field, problem.message)
    if match.existing is not None:
        for field in astray(values, match.existing.check, monitor.check):
            faults.tell(field, ELSEWHERE)
    return (None if faults.problems else monitor), faults.problems


def _kind(values: Mapping[str, Any], faults: Faults) -> type[Check] | None:
    name = values.get("type")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if "type" not in values:
        faults.tell("type", f"is required: one of {', '.join(sorted(KINDS))}")
    elif kind is None:
        faults.tell("type", unknown("kind", str(name), KINDS))
    return kind


def _sorted_fields(
    values: Mapping[str, Any], kind: type[Check] | None, faults: Faults
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the monitor and those of its check, in the form they are kept in."""
    own: dict[str, Any] = {}
    check: dict[str, Any] = {}
    of_check = _fields_of(kind)
    for field, value in values.items():
        if faults.is_full:
            break
        if field in _OWN:
            own[field] = shape(field, value, Monitor, faults.tell)
        elif kind is not None and field in of_check:
            check[field] = shape(field, value, kind, faults.tell)
        elif field not in _REFERENCES and field not in of_check:
            faults.tell(field, _unknown_of_monitor(field, of_check))
    return own, check


def _fields_of(kind: type[Check] | None) -> tuple[str, ...]:
    """The fields of a kind of check; of all of them where it is not known which is meant."""
    if kind is not None:
        return kind.__struct_encode_fields__
    return tuple(field for known in KINDS.values() for field in known.__struct_encode_fields__)


def _unknown_of_monitor(field: str, of_check: tuple[str, ...]) -> str:
    if field in _MEANT:
        return f"unknown field '{field}'; did you mean '{_MEANT[field]}'?"
    return unknown("field", field, [*_OWN, *of_check, *_REFERENCES])


def with_secrets(
    check: Mapping[str, Any],
    kind: type[Check],
    old: Check | None,
    new_token: Callable[[], str],
    tell: Tell,
) -> dict[str, Any]:
    """The fields of a check with the secrets that it keeps of the `old` one; a push monitor gets
    its token once.
    """
    known = msgspec.to_builtins(old) if isinstance(old, kind) else {}
    kept = unmask(check, known, kind.secrets, tell)
    if issubclass(kind, PushCheck) and kept.get("token") in (None, ""):
        kept["token"] = known.get("token") or new_token()
    return kept


def astray(values: Mapping[str, Any], old: Check, new: Check) -> list[str]:
    """The masked secrets that would come to know another receiver: who may edit but not read them
    must not have them sent to a host, or by a proxy, of their own.
    """
    return [] if old.told() == new.told() else masks(values, new.secrets)


def _references(entry: Entry, ids: Ids, faults: Faults) -> dict[str, Any]:
    """The fields that hold ids, from the names that were written."""
    values = entry.values
    if "alert" in values and "alerts" in values:
        faults.tell("alert", "write either alert: or alerts:")
    alerts = "alert" if "alert" in values else "alerts"
    parent = None
    if entry.group is not None:
        parent = ids.entries.get(entry.group)
        if (written := values.get("parent")) is not None and written != entry.group_name:
            faults.tell("parent", "is another group than the one this stands in")
    else:
        parent = faults.reference(values.get("parent"), "parent", "group", ids.monitors)
    return {
        "channels": faults.references(values.get(alerts), alerts, "alert", ids.channels),
        "depends_on": faults.references(
            values.get("depends_on"), "depends_on", "monitor", ids.monitors
        ),
        "parent": parent,
    }
