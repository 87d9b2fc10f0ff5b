"""The audit log: who did what to which object, when, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import insert, select

from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms, to_seconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from uptop_leader.configuration import Actor

_AUDIT = METADATA.tables["audit"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to which object, when (Unix seconds), and from where. Holds no secret."""

    at: float
    who: str
    source: str
    what: str
    about: str
    detail: str = ""


def note(
    connection: Connection, actor: Actor, what: str, about: str, detail: str, now: float
) -> None:
    """Write down who did what. No secret may be in any of it."""
    row = {
        "at_ms": to_ms(now),
        "who": actor.name,
        "source": actor.source,
        "what": what,
        "about": about,
        "detail": detail,
    }
    connection.execute(insert(_AUDIT), row)


def entries(connection: Connection, limit: int) -> list[AuditEntry]:
    """The last entries, the newest first."""
    query = select(_AUDIT).order_by(_AUDIT.c.number.desc()).limit(limit)
    return [
        AuditEntry(
            at=to_seconds(row.at_ms),
            who=row.who,
            source=row.source,
            what=row.what,
            about=row.about,
            detail=row.detail,
        )
        for row in connection.execute(query)
    ]
