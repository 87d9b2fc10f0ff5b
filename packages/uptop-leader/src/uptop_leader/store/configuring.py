"""What people have set up: read whole, changed in one transaction that raises the version.

Every changed object gets a row in the audit log, which names the fields and no values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import delete, func, select, update

from uptop_core.errors import ConfigError, Problem
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.configuration import Configuration
from uptop_leader.maintenance import Maintenance
from uptop_leader.seal import is_sealed
from uptop_leader.store import audit, facts, puts, specs, stale
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Table

    from uptop_core.check import Check
    from uptop_leader.configuration import Actor, ConfigChange
    from uptop_leader.provider import Provider
    from uptop_leader.seal import Keyring

T = TypeVar("T", Monitor, Channel, Maintenance)
Entry = tuple[str, str, str]
"""A line of the audit log: what was done, to which name, and in which fields."""

_MONITOR, _CHANNEL = METADATA.tables["monitor"], METADATA.tables["channel"]
_NOTIFICATION, _MAINTENANCE = METADATA.tables["notification"], METADATA.tables["maintenance"]
_PUT_MONITOR = puts.upsert(_MONITOR, keep=("position", "created_ms"))
_HEALTH = ("last_sent_ms", "last_error", "last_failed_ms", "failing_ms", "sent", "failed", "passed")
_PUT_CHANNEL = puts.upsert(_CHANNEL, keep=("position", *_HEALTH))
_PUT_MAINTENANCE = puts.upsert(_MAINTENANCE, keep=("position",))


def load(connection: Connection, keyring: Keyring) -> Configuration:
    """Everything in its order. Raises SealError naming what cannot be opened."""
    return Configuration(
        version=facts.number(connection, facts.CONFIG_VERSION),
        monitors=tuple(specs.monitor_of(row, keyring) for row in _live_monitors(connection)),
        channels=tuple(specs.channel_of(row, keyring) for row in _ordered(connection, _CHANNEL)),
        maintenances=tuple(specs.maintenance_of(row) for row in _ordered(connection, _MAINTENANCE)),
    )


def load_deleted(
    connection: Connection, keyring: Keyring, wanted: Iterable[str]
) -> tuple[Monitor, ...]:
    """Those of the monitors that were deleted, as they were last."""
    query = select(_MONITOR).where(_MONITOR.c.deleted_ms.is_not(None))
    rows = connection.execute(query.where(_MONITOR.c.id.in_(tuple(wanted)))).all()
    return tuple(specs.monitor_of(row, keyring) for row in rows)


def change(
    connection: Connection, wanted: ConfigChange, keyring: Keyring, actor: Actor, now: float
) -> int:
    """Write the change and return the version after it; nothing different keeps the version.

    Raises ConfigError when a name would be there twice, or a secret could not be read back.
    """
    _refuse_sealed(wanted)
    log = [
        *_change_channels(connection, wanted, keyring, now),
        *_change_monitors(connection, wanted, keyring, now),
        *_change_maintenances(connection, wanted),
    ]
    version = facts.number(connection, facts.CONFIG_VERSION)
    if not log:
        return version
    for what, about, detail in log:
        audit.note(connection, actor, what, about, detail, now)
    facts.put(connection, facts.CONFIG_VERSION, version + 1)
    return version + 1


def _live_monitors(connection: Connection) -> Sequence[Any]:
    query = select(_MONITOR).where(_MONITOR.c.deleted_ms.is_(None))
    return connection.execute(query.order_by(_MONITOR.c.position, _MONITOR.c.id)).all()


def _ordered(connection: Connection, table: Table) -> Sequence[Any]:
    return connection.execute(select(table).order_by(table.c.position, table.c.id)).all()


def _change_monitors(
    connection: Connection, wanted: ConfigChange, keyring: Keyring, now: float
) -> Iterator[Entry]:
    rows = {row.id: row for row in _live_monitors(connection)}
    gone = [rows[monitor] for monitor in wanted.drop_monitors if monitor in rows]
    _refuse_same_names("monitor", rows, gone, wanted.put_monitors)
    if gone:
        query = update(_MONITOR).where(_MONITOR.c.id.in_([row.id for row in gone]))
        connection.execute(query.values(deleted_ms=to_ms(now), changed_ms=to_ms(now)))
        yield from (("monitor deleted", row.name, "") for row in gone)
    put = list(_differing(wanted.put_monitors, rows, lambda row: specs.monitor_of(row, keyring)))
    _free_names(connection, _MONITOR, put)
    _mark_days(connection, put)
    for position, (monitor, _) in enumerate(put, _next_position(connection, _MONITOR)):
        _PUT_MONITOR.rows(connection, _monitor_row(monitor, keyring, position, now))
    yield from (_entry("monitor", monitor.name, fields) for monitor, fields in put)


def _mark_days(connection: Connection, put: list[tuple[Monitor, list[str] | None]]) -> None:
    """Have the days counted anew of monitors that come back, or whose interval is another: it says
    what two looks leave between them.
    """
    new = [monitor.id for monitor, fields in put if fields is None]
    back = select(_MONITOR.c.id, _MONITOR.c.created_ms).where(_MONITOR.c.deleted_ms.is_not(None))
    if new:
        deleted = {row.id: row.created_ms for row in connection.execute(back)}
        stale.mark(connection, {one: deleted[one] for one in new if one in deleted})
    stale.mark_late(connection, [one.id for one, fields in put if fields and "interval" in fields])


def _monitor_row(monitor: Monitor, keyring: Keyring, position: int, now: float) -> dict[str, Any]:
    return {
        "id": monitor.id,
        "name": monitor.name,
        "kind": monitor.kind,
        "spec": specs.monitor_spec(monitor, keyring),
        "position": position,
        "created_ms": to_ms(now),
        "changed_ms": to_ms(now),
        "deleted_ms": None,
    }


def _change_channels(
    connection: Connection, wanted: ConfigChange, keyring: Keyring, now: float
) -> Iterator[Entry]:
    rows = {row.id: row for row in _ordered(connection, _CHANNEL)}
    gone = [rows[channel] for channel in wanted.drop_channels if channel in rows]
    _refuse_same_names("channel", rows, gone, wanted.put_channels)
    if gone:
        _drop_channels(connection, [row.id for row in gone], now)
        yield from (("channel deleted", row.name, "") for row in gone)
    put = list(_differing(wanted.put_channels, rows, lambda row: specs.channel_of(row, keyring)))
    _free_names(connection, _CHANNEL, put)
    for position, (channel, _) in enumerate(put, _next_position(connection, _CHANNEL)):
        _PUT_CHANNEL.rows(connection, _channel_row(channel, keyring, position))
    yield from (_entry("channel", channel.name, fields) for channel, fields in put)


def _channel_row(channel: Channel, keyring: Keyring, position: int) -> dict[str, Any]:
    kind, settings = specs.channel_settings(channel, keyring)
    return {
        "id": channel.id,
        "name": channel.name,
        "type": kind,
        "settings": settings,
        "fallback": channel.fallback,
        "title": channel.title,
        "body": channel.body,
        "position": position,
        "last_error": "",
        "sent": 0,
        "failed": 0,
        "passed": 0,
    }


def _drop_channels(connection: Connection, dropped: list[str], now: float) -> None:
    """Channels have no history of their own; what still waits for them has nowhere to go."""
    connection.execute(delete(_CHANNEL).where(_CHANNEL.c.id.in_(dropped)))
    waiting = update(_NOTIFICATION).where(
        _NOTIFICATION.c.channel.in_(dropped), _NOTIFICATION.c.done_ms.is_(None)
    )
    connection.execute(
        waiting.values(done_ms=to_ms(now), given_up=True, error="the channel was deleted")
    )


def _change_maintenances(connection: Connection, wanted: ConfigChange) -> Iterator[Entry]:
    rows = {row.id: row for row in _ordered(connection, _MAINTENANCE)}
    gone = [rows[one] for one in wanted.drop_maintenances if one in rows]
    _refuse_same_names("maintenance", rows, gone, wanted.put_maintenances)
    if gone:
        dropped = _MAINTENANCE.c.id.in_([row.id for row in gone])
        connection.execute(delete(_MAINTENANCE).where(dropped))
        yield from (("maintenance deleted", row.name, "") for row in gone)
    put = list(_differing(wanted.put_maintenances, rows, specs.maintenance_of))
    _free_names(connection, _MAINTENANCE, put)
    for position, (one, _) in enumerate(put, _next_position(connection, _MAINTENANCE)):
        row = {"id": one.id, "name": one.name, "position": position}
        _PUT_MAINTENANCE.rows(connection, {**row, "spec": specs.maintenance_spec(one)})
    yield from (_entry("maintenance", one.name, fields) for one, fields in put)


def _differing(
    put: Iterable[T], rows: dict[str, Any], stored: Callable[[Any], T]
) -> Iterator[tuple[T, list[str] | None]]:
    """What is not stored like this yet, with the fields that differ; None for what is new."""
    for new in put:
        row = rows.get(new.id)
        if row is None:
            yield new, None
        elif (old := stored(row)) != new:
            names = new.__struct_fields__
            yield new, [name for name in names if getattr(old, name) != getattr(new, name)]


def _entry(noun: str, name: str, fields: list[str] | None) -> Entry:
    return (
        (f"{noun} added", name, "")
        if fields is None
        else (f"{noun} changed", name, ", ".join(fields))
    )


def _refuse_sealed(wanted: ConfigChange) -> None:
    """Raise ConfigError for every secret that has the form of a sealed one: where there is no key
    it would be stored as it is, and nothing could be loaded any more.
    """
    some: list[tuple[str, str, Check | Provider]] = [
        *(("check", monitor.name, monitor.check) for monitor in wanted.put_monitors),
        *(("provider", channel.name, channel.provider) for channel in wanted.put_channels),
    ]
    problems = [
        Problem(f"{part}.{field}", f"of {name!r} is a secret sealed by uptop: write it in clear")
        for part, name, settings in some
        for field, value in msgspec.to_builtins(settings).items()
        if field in settings.secrets and isinstance(value, str) and is_sealed(value)
    ]
    if problems:
        raise ConfigError(problems)


def _refuse_same_names(
    noun: str,
    rows: dict[str, Any],
    gone: Iterable[Any],
    put: Iterable[Monitor | Channel | Maintenance],
) -> None:
    """Raise ConfigError for every name that two would have after the change."""
    names = {row.id: row.name for row in rows.values()}
    for row in gone:
        del names[row.id]
    names |= {new.id: new.name for new in put}
    owners: dict[str, str] = {}
    problems = []
    for owner, name in names.items():
        if owners.setdefault(name, owner) != owner:
            problems.append(Problem("name", f"there are two {noun}s of the name {name!r}"))
    if problems:
        raise ConfigError(problems)


def _free_names(
    connection: Connection, table: Table, put: list[tuple[T, list[str] | None]]
) -> None:
    """Give up the names of what is changed first, so that two may swap theirs."""
    changed = [new.id for new, fields in put if fields is not None]
    if changed:
        connection.execute(update(table).where(table.c.id.in_(changed)).values(name=table.c.id))


def _next_position(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.max(table.c.position))).scalar_one() or 0) + 1
