"""Entries of somebody else's file, laid over what exists: what they say is made so, what they do not
say stays. Alerts, tags and dependencies are added to those there are.

An entry means what exists under its name when that is of the same kind; else it gets a name of its
own, with its kind in it. So the second import of a file finds what the first one made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from uptop_core.errors import ConfigError
from uptop_core.escaping import escape
from uptop_leader.declared.flat import Names, flat_channel, flat_monitor
from uptop_leader.declared.maintenance_entry import flat_maintenance
from uptop_leader.declared.plan import Plan, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uptop_core.errors import Problem
    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Configuration
    from uptop_leader.declared.document import Document, Entry
    from uptop_leader.imports.gathering import Import
    from uptop_leader.maintenance import Maintenance

_JOINED = ("alerts", "tags", "depends_on")
_MERGED = ("headers", "notify")
_SHOWN = 80  # characters of a name
_OTHER_LOGIN = {"bearer": ("username", "password"), "username": ("bearer",)}


def import_plan(configuration: Configuration, taken: Import) -> Plan:
    """What an import changes. Raises ConfigError with everything that is wrong with it."""
    if not taken.lays_over:
        return plan(configuration, taken.document)
    document, fresh = _laid_over(configuration, taken.document)
    try:
        made = plan(configuration, document)
    except ConfigError as error:
        problems = [_with_name(problem, document) for problem in error.problems]
        raise ConfigError(problems, error.source) from None
    return replace(made, notes=(*taken.notes, *fresh))


def _with_name(problem: Problem, document: Document) -> Problem:
    """A problem with the name of the entry it is in, where no line leads there."""
    entries = (*(document.channels or ()), *(document.monitors or ()))
    entry = next((one for one in entries if problem.field.startswith(f"{one.path}.")), None)
    if problem.line is not None or entry is None or not entry.name:
        return problem
    return replace(problem, message=f"{problem.message} (in '{escape(entry.name, _SHOWN)}')")


def _laid_over(configuration: Configuration, document: Document) -> tuple[Document, list[str]]:
    """The document with whole entries, and what is to be told of new ones."""
    names = Names.of(configuration)
    channels = {one.name: one for one in configuration.channels}
    monitors = {one.name: one for one in configuration.monitors}
    times = {one.name: one for one in configuration.maintenances}
    alert_names = _renamed(
        document.channels, {name: one.provider.kind() for name, one in channels.items()}, _type
    )
    own_names = _renamed(
        document.monitors, {name: one.kind for name, one in monitors.items()}, _type
    )
    time_names = _renamed(
        document.maintenances,
        {name: _often(one.rrule) for name, one in times.items()},
        lambda entry: _often(entry.values.get("rrule")),
    )

    def channel(entry: Entry) -> Entry:
        values = _with_names(entry.values, {}, alert_names, alert_names)
        return replace(entry, values=_over_channel(values, channels, names))

    def monitor(entry: Entry) -> Entry:
        values = _with_names(entry.values, own_names, alert_names, own_names)
        values = _over_monitor(values, monitors, names)
        if entry.group is not None:
            values.pop("parent", None)
        group = own_names.get(str(entry.group_name), entry.group_name)
        return replace(entry, values=values, group_name=group)

    def maintenance(entry: Entry) -> Entry:
        values = _with_names(entry.values, own_names, {}, time_names)
        return replace(entry, values=_over_maintenance(values, times, names))

    laid = replace(
        document,
        channels=_each(document.channels, channel),
        monitors=_each(document.monitors, monitor),
        maintenances=_each(document.maintenances, maintenance),
    )
    new_tokens = [
        f"! monitor {entry.name} has no token in the file: it gets a new one"
        for entry in laid.monitors or ()
        if entry.values.get("type") == "push" and not entry.values.get("token")
    ]
    return laid, new_tokens


def _each(
    entries: Sequence[Entry] | None, lay: Callable[[Entry], Entry]
) -> tuple[Entry, ...] | None:
    return None if entries is None else tuple(lay(entry) for entry in entries)


def _renamed(
    entries: Sequence[Entry] | None, kinds: Mapping[str, str], kind_of: Callable[[Entry], str]
) -> dict[str, str]:
    """New names of the entries whose name something of another kind has."""
    renamed = {}
    for entry in entries or ():
        name, kind = entry.name or "", kind_of(entry)
        if name in kinds and kinds[name] != kind:
            renamed[name] = f"{name} ({kind})"
    return renamed


def _type(entry: Entry) -> str:
    return str(entry.values.get("type"))


def _often(rule: object) -> str:
    return "once" if rule is None else "recurring"


def _with_names(
    values: Mapping[str, Any],
    monitors: Mapping[str, str],
    alerts: Mapping[str, str],
    own: Mapping[str, str],
) -> dict[str, Any]:
    """`values` with the new names wherever one is written."""
    result = dict(values)
    spaces = {"name": own, "parent": monitors, "depends_on": monitors, "fallback": alerts}
    spaces |= {"alert": alerts, "alerts": alerts, "monitors": monitors, "groups": monitors}
    for field, space in spaces.items():
        value = result.get(field)
        if isinstance(value, str):
            result[field] = space.get(value, value)
        elif isinstance(value, list):
            result[field] = [space.get(one, one) if isinstance(one, str) else one for one in value]
    return result


def _over_monitor(
    values: dict[str, Any], existing: Mapping[str, Monitor], names: Names
) -> dict[str, Any]:
    old = existing.get(str(values.get("name")))
    if old is None:
        return values
    there = flat_monitor(old, names)
    if "alert" in values and "alerts" not in values:
        values["alerts"] = values.pop("alert")
    for field in _JOINED:
        if field in values:
            values[field] = _joined(there.get(field, []), values[field])
    for field in _MERGED:
        if isinstance(values.get(field), dict):
            values[field] = {**there.get(field, {}), **values[field]}
    for field, others in _OTHER_LOGIN.items():
        if values.get(field):
            there = {name: value for name, value in there.items() if name not in others}
    return {**there, **values}


def _over_channel(
    values: dict[str, Any], existing: Mapping[str, Channel], names: Names
) -> dict[str, Any]:
    old = existing.get(str(values.get("name")))
    if old is None:
        return values
    there = flat_channel(old, names)
    if isinstance(values.get("settings"), dict):
        values["settings"] = {**there.get("settings", {}), **values["settings"]}
    return {**there, **values}


def _over_maintenance(
    values: dict[str, Any], existing: Mapping[str, Maintenance], names: Names
) -> dict[str, Any]:
    old = existing.get(str(values.get("name")))
    if old is None:
        return values
    there = flat_maintenance(old, names)
    for field in ("monitors", "groups", "tags"):
        if field in values:
            values[field] = _joined(there.get(field, []), values[field])
    return {**there, **values}


def _joined(there: list[Any], written: Any) -> Any:
    """What is there, and after it what was written and is not."""
    if isinstance(written, str):
        written = [part.strip() for part in written.split(",") if part.strip()]
    if not isinstance(written, list):
        return written
    return [*there, *(one for one in written if one not in there)]
