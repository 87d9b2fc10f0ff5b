"""Passing on in the outbox: what a channel does not take is written for its fallback channel too.

A row is passed on once, and with the same transaction marked as such. What comes later on its
subject follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import exists, or_, select, update

from uptop_leader.fallbacks import is_due, passed_on
from uptop_leader.messages import SILENT
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.store import puts
from uptop_leader.store.claims import notification_of
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from uptop_leader.notifications import Notification

_NOTE, _CHANNEL = METADATA.tables["notification"], METADATA.tables["channel"]
_KEEPING_ALERTS = frozenset(kind for kind, one in PROVIDERS.items() if one.keeps_alerts)
_PUT = puts.insert_new(_NOTE)
_encode = msgspec.msgpack.Encoder().encode


def pass_on_what_is_due(connection: Connection, fallback_s: float, now: float) -> None:
    """Pass on what has waited for a failing channel for too long, and what follows on a subject
    of which something was passed on."""
    earlier = _NOTE.alias()
    follows = exists().where(
        earlier.c.passed.is_(True),
        earlier.c.channel == _NOTE.c.channel,
        earlier.c.subject == _NOTE.c.subject,
        earlier.c.number < _NOTE.c.number,
    )
    query = (
        select(_NOTE, _CHANNEL.c.failing_ms, follows.label("follows"))
        .join(_CHANNEL, _CHANNEL.c.id == _NOTE.c.channel)
        .where(
            _NOTE.c.done_ms.is_(None),
            _NOTE.c.passed.is_(False),
            _CHANNEL.c.fallback.is_not(None),
            or_(_NOTE.c.attempts > 0, _CHANNEL.c.failing_ms.is_not(None), follows),
        )
        .order_by(_NOTE.c.number)
    )
    due = [row for row in connection.execute(query) if row.follows or _is_due(row, fallback_s, now)]
    pass_on(connection, due, now)


def _is_due(row: Any, fallback_s: float, now: float) -> bool:
    failing_since = to_seconds_or_none(row.failing_ms)
    return is_due(to_seconds(row.created_ms), row.attempts, failing_since, fallback_s, now)


def pass_on(connection: Connection, rows: Sequence[Any], now: float) -> None:
    """Write rows for the fallback of their channel, where it has one and does not have them."""
    for channel in {row.channel for row in rows}:
        failed = connection.execute(select(_CHANNEL).where(_CHANNEL.c.id == channel)).one_or_none()
        if failed is None or failed.fallback is None:
            continue
        query = select(_CHANNEL).where(_CHANNEL.c.id == failed.fallback)
        fallback = connection.execute(query).one_or_none()
        if fallback is None:
            continue
        mine = [row for row in rows if row.channel == channel and not row.passed]
        fitting = [row for row in mine if _fits(connection, row, fallback)]
        copies = [passed_on(notification_of(row), fallback.id, failed.name) for row in fitting]
        if copies:
            _PUT.rows(connection, list(_rows(copies, now)))
        numbers = [row.number for row in mine]
        connection.execute(update(_NOTE).where(_NOTE.c.number.in_(numbers)).values(passed=True))
        total = {"passed": _CHANNEL.c.passed + len(copies)}
        connection.execute(update(_CHANNEL).where(_CHANNEL.c.id == channel).values(total))


def _fits(connection: Connection, row: Any, fallback: Any) -> bool:
    """Whether the fallback channel is to have it: not what only closes alerts where there are none,
    and not what it has already, as a channel of the same monitor or because a circle was made."""
    if row.event in SILENT and fallback.type not in _KEEPING_ALERTS:
        return False
    has = select(_NOTE.c.number).where(
        _NOTE.c.channel == fallback.id,
        _NOTE.c.subject == row.subject,
        _NOTE.c.event == row.event,
        _NOTE.c.created_ms == row.created_ms,
    )
    return connection.execute(has.limit(1)).first() is None


def _rows(notifications: Iterable[Notification], now: float) -> Iterable[dict[str, object]]:
    return (row_of(one) | {"due_ms": to_ms(now)} for one in notifications)


def row_of(notification: Notification) -> dict[str, object]:
    """A new row of the outbox."""
    return {
        "key": notification.key,
        "channel": notification.channel,
        "subject": notification.subject,
        "monitor": notification.monitor,
        "event": notification.event,
        "message": _encode(notification.message),
        "created_ms": to_ms(notification.created),
        "due_ms": to_ms(notification.created),
        "attempts": 0,
        "possible_repeat": False,
        "passed": False,
        "error": "",
        "given_up": False,
    }
