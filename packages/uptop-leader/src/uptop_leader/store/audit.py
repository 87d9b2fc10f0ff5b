"""The audit log: who did what to which object, when, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import insert, select

from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from uptop_leader.configuration import Actor

_AUDIT = METADATA.tables["audit"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to which object, when (Unix seconds), and from where. Holds no secret. Entries
    are numbered in their order.
    """

    number: int
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


class Wanted(Struct, frozen=True, kw_only=True):
    """Which entries are asked for: those before a number (exclusive), of a person, that begin with
    some words, about an object, in a time (Unix seconds). Empty ones say nothing.
    """

    before: int | None = None
    who: str = ""
    what: str = ""
    about: str = ""
    since: float | None = None
    until: float | None = None


def entries(connection: Connection, limit: int, wanted: Wanted) -> list[AuditEntry]:
    """Entries, the newest first."""
    query = select(_AUDIT).order_by(_AUDIT.c.number.desc()).limit(limit)
    if wanted.before is not None:
        query = query.where(_AUDIT.c.number < wanted.before)
    if wanted.who:
        query = query.where(_AUDIT.c.who == wanted.who)
    if wanted.what:
        query = query.where(_AUDIT.c.what.startswith(wanted.what, autoescape=True))
    if wanted.about:
        query = query.where(_AUDIT.c.about == wanted.about)
    if wanted.since is not None:
        query = query.where(_AUDIT.c.at_ms >= to_ms(wanted.since))
    if wanted.until is not None:
        query = query.where(_AUDIT.c.at_ms < to_ms(wanted.until))
    return [
        AuditEntry(
            number=row.number,
            at=to_seconds(row.at_ms),
            who=row.who,
            source=row.source,
            what=row.what,
            about=row.about,
            detail=row.detail,
        )
        for row in connection.execute(query)
    ]
