"""What people have set up: read whole, changed in one transaction that raises the version.

Every changed object gets a row in the audit log, which names the fields and no values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, select, update

from uptop_core.errors import ConfigError, Problem
from uptop_leader.configuration import Configuration
from uptop_leader.store import dialect, facts, people, specs
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Table

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Actor, ConfigChange
    from uptop_leader.seal import Keyring

_MONITOR, _CHANNEL = METADATA.tables["monitor"], METADATA.tables["channel"]
_NOTIFICATION = METADATA.tables["notification"]
_PUT_MONITOR = dialect.upsert(_MONITOR, keep=("position", "created_ms"))
_HEALTH = ("last_sent_ms", "last_error", "last_failed_ms", "sent", "failed")
_PUT_CHANNEL = dialect.upsert(_CHANNEL, keep=("position", *_HEALTH))


def load(connection: Connection, keyring: Keyring) -> Configuration:
    """All monitors and channels in their order. Raises SealError naming what cannot be opened."""
    return Configuration(
        version=facts.number(connection, facts.CONFIG_VERSION),
        monitors=tuple(specs.monitor_of(row, keyring) for row in _live_monitors(connection)),
        channels=tuple(specs.channel_of(row, keyring) for row in _channels(connection)),
    )


def change(
    connection: Connection, wanted: ConfigChange, keyring: Keyring, actor: Actor, now: float
) -> int:
    """Write the change and return the version after it; nothing different keeps the version.

    Raises ConfigError when a name would be there twice.
    """
    log: list[tuple[str, str, str]] = []
    _change_channels(connection, wanted, keyring, now, log)
    _change_monitors(connection, wanted, keyring, now, log)
    version = facts.number(connection, facts.CONFIG_VERSION)
    if not log:
        return version
    for what, about, detail in log:
        people.audit(connection, actor, what, about, detail, now)
    facts.put(connection, facts.CONFIG_VERSION, version + 1)
    return version + 1


def _live_monitors(connection: Connection) -> Sequence[Any]:
    query = select(_MONITOR).where(_MONITOR.c.deleted_ms.is_(None))
    return connection.execute(query.order_by(_MONITOR.c.position, _MONITOR.c.id)).all()


def _channels(connection: Connection) -> Sequence[Any]:
    return connection.execute(select(_CHANNEL).order_by(_CHANNEL.c.position, _CHANNEL.c.id)).all()


def _change_monitors(
    connection: Connection,
    wanted: ConfigChange,
    keyring: Keyring,
    now: float,
    log: list[tuple[str, str, str]],
) -> None:
    rows = {row.id: row for row in _live_monitors(connection)}
    put = [
        (monitor, fields)
        for monitor in wanted.put_monitors
        if (fields := _monitor_difference(rows.get(monitor.id), monitor, keyring))
    ]
    gone = [rows[monitor] for monitor in wanted.drop_monitors if monitor in rows]
    _refuse_same_names("monitor", rows, gone, wanted.put_monitors)
    moment = to_ms(now)
    if gone:
        dropped = [row.id for row in gone]
        query = update(_MONITOR).where(_MONITOR.c.id.in_(dropped))
        connection.execute(query.values(deleted_ms=moment, changed_ms=moment))
    _free_names(connection, _MONITOR, [monitor.id for monitor, _ in put if monitor.id in rows])
    position = _next_position(connection, _MONITOR)
    for place, (monitor, _) in enumerate(put):
        values = {
            "id": monitor.id,
            "name": monitor.name,
            "kind": monitor.kind,
            "spec": specs.monitor_spec(monitor, keyring),
            "position": position + place,
            "created_ms": moment,
            "changed_ms": moment,
            "deleted_ms": None,
        }
        connection.execute(_PUT_MONITOR, values)
    log += [("monitor deleted", row.name, "") for row in gone]
    log += [_entry("monitor", monitor.id in rows, monitor.name, fields) for monitor, fields in put]


def _change_channels(
    connection: Connection,
    wanted: ConfigChange,
    keyring: Keyring,
    now: float,
    log: list[tuple[str, str, str]],
) -> None:
    rows = {row.id: row for row in _channels(connection)}
    put = [
        (channel, fields)
        for channel in wanted.put_channels
        if (fields := _channel_difference(rows.get(channel.id), channel, keyring))
    ]
    gone = [rows[channel] for channel in wanted.drop_channels if channel in rows]
    _refuse_same_names("channel", rows, gone, wanted.put_channels)
    if gone:
        _drop_channels(connection, [row.id for row in gone], now)
    _free_names(connection, _CHANNEL, [channel.id for channel, _ in put if channel.id in rows])
    position = _next_position(connection, _CHANNEL)
    for place, (channel, _) in enumerate(put):
        kind, settings = specs.channel_settings(channel, keyring)
        values = {
            "id": channel.id,
            "name": channel.name,
            "type": kind,
            "settings": settings,
            "fallback": channel.fallback,
            "title": channel.title,
            "body": channel.body,
            "position": position + place,
            "last_error": "",
            "sent": 0,
            "failed": 0,
        }
        connection.execute(_PUT_CHANNEL, values)
    log += [("channel deleted", row.name, "") for row in gone]
    log += [_entry("channel", channel.id in rows, channel.name, fields) for channel, fields in put]


def _drop_channels(connection: Connection, dropped: list[str], now: float) -> None:
    """Channels have no history of their own; what still waits for them has nowhere to go."""
    connection.execute(delete(_CHANNEL).where(_CHANNEL.c.id.in_(dropped)))
    waiting = update(_NOTIFICATION).where(
        _NOTIFICATION.c.channel.in_(dropped), _NOTIFICATION.c.done_ms.is_(None)
    )
    connection.execute(
        waiting.values(done_ms=to_ms(now), given_up=True, error="the channel was deleted")
    )


def _monitor_difference(row: Any, monitor: Monitor, keyring: Keyring) -> list[str]:
    """The fields in which the monitor differs from its row; `new` where there is none."""
    return ["new"] if row is None else _different(specs.monitor_of(row, keyring), monitor)


def _channel_difference(row: Any, channel: Channel, keyring: Keyring) -> list[str]:
    return ["new"] if row is None else _different(specs.channel_of(row, keyring), channel)


def _different(before: msgspec.Struct, after: msgspec.Struct) -> list[str]:
    names = after.__struct_fields__
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _entry(noun: str, existed: bool, name: str, fields: list[str]) -> tuple[str, str, str]:
    return (f"{noun} changed", name, ", ".join(fields)) if existed else (f"{noun} added", name, "")


def _refuse_same_names(
    noun: str, rows: dict[str, Any], gone: Iterable[Any], put: Iterable[Monitor | Channel]
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


def _free_names(connection: Connection, table: Table, changed: list[str]) -> None:
    """Give up names first, so that two may swap theirs."""
    if changed:
        connection.execute(update(table).where(table.c.id.in_(changed)).values(name=table.c.id))


def _next_position(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.max(table.c.position))).scalar_one() or 0) + 1
