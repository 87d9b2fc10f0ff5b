"""Users, their tokens, and the audit log."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from uptop_core.errors import ConfigError, Problem
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms, to_ms_or_none, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from uptop_leader.configuration import Actor

_USER, _TOKEN, _AUDIT = (METADATA.tables[name] for name in ("user", "token", "audit"))
_LAST_USED_MS = 60_000  # how old `last_used` may be before it is written again


class Person(Struct, frozen=True, kw_only=True):
    """Who a token speaks for, and when it was last used before now (Unix seconds)."""

    user: str
    name: str
    role: str
    token_prefix: str
    last_used: float | None = None


class User(Struct, frozen=True, kw_only=True):
    """A user as it may be shown. `created` is in Unix seconds."""

    id: str
    name: str
    role: str
    created: float


class TokenView(Struct, frozen=True, kw_only=True):
    """A token as it may be shown. Times are Unix seconds."""

    prefix: str
    name: str
    user: str
    role: str
    created: float
    expires: float | None = None
    last_used: float | None = None
    revoked: float | None = None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to which object, when (Unix seconds), and from where. Holds no secret."""

    at: float
    who: str
    source: str
    what: str
    about: str
    detail: str = ""


def has_users(connection: Connection) -> bool:
    """Whether anybody was ever added."""
    return connection.execute(select(_USER.c.id).limit(1)).first() is not None


def add_user(connection: Connection, name: str, role: str, now: float) -> str:
    """Add a person and return the id. Raises ConfigError when the name is taken."""
    user = str(uuid.uuid4())
    row = {"id": user, "name": name, "role": role, "created_ms": to_ms(now)}
    try:
        with connection.begin_nested():
            connection.execute(insert(_USER), row)
    except IntegrityError:
        taken = Problem("name", f"there is a user {name!r} already")
        raise ConfigError([taken]) from None
    return user


def users(connection: Connection) -> list[User]:
    """All users, the oldest first."""
    rows = connection.execute(select(_USER).order_by(_USER.c.created_ms, _USER.c.id))
    return [
        User(id=row.id, name=row.name, role=row.role, created=to_seconds(row.created_ms))
        for row in rows
    ]


def find_user(connection: Connection, name: str) -> str | None:
    """The id of the user of that name."""
    return connection.execute(select(_USER.c.id).where(_USER.c.name == name)).scalar_one_or_none()


def add_token(
    connection: Connection,
    *,
    user: str,
    name: str,
    token_hash: str,
    prefix: str,
    expires: float | None,
    now: float,
) -> None:
    """Keep a token by its hash; `prefix` is the part of it that may be shown."""
    row = {
        "hash": token_hash,
        "prefix": prefix,
        "name": name,
        "user_id": user,
        "created_ms": to_ms(now),
        "expires_ms": to_ms_or_none(expires),
    }
    connection.execute(insert(_TOKEN), row)


def find_token(connection: Connection, token_hash: str, now: float) -> Person | None:
    """Who a token speaks for; None when it is unknown, expired or revoked."""
    query = (
        select(
            _USER.c.id,
            _USER.c.name,
            _USER.c.role,
            _TOKEN.c.prefix,
            _TOKEN.c.expires_ms,
            _TOKEN.c.last_used_ms,
        )
        .join(_USER, _USER.c.id == _TOKEN.c.user_id)
        .where(_TOKEN.c.hash == token_hash, _TOKEN.c.revoked_ms.is_(None))
    )
    row = connection.execute(query).one_or_none()
    if row is None or (row.expires_ms is not None and row.expires_ms <= to_ms(now)):
        return None
    return Person(
        user=row.id,
        name=row.name,
        role=row.role,
        token_prefix=row.prefix,
        last_used=to_seconds_or_none(row.last_used_ms),
    )


def is_use_due(person: Person, now: float) -> bool:
    """Whether the use of the token is worth a write: at most one a minute."""
    last = person.last_used
    return last is None or to_ms(now) - to_ms(last) >= _LAST_USED_MS


def note_use(connection: Connection, token_hash: str, now: float) -> None:
    """Remember that the token was used."""
    query = update(_TOKEN).where(_TOKEN.c.hash == token_hash)
    connection.execute(query.values(last_used_ms=to_ms(now)))


def tokens(connection: Connection) -> list[TokenView]:
    """All tokens, the oldest first."""
    query = (
        select(_TOKEN, _USER.c.name.label("owner"), _USER.c.role)
        .join(_USER, _USER.c.id == _TOKEN.c.user_id)
        .order_by(_TOKEN.c.created_ms, _TOKEN.c.hash)
    )
    return [_token_view(row) for row in connection.execute(query)]


def _token_view(row: Any) -> TokenView:
    return TokenView(
        prefix=row.prefix,
        name=row.name,
        user=row.owner,
        role=row.role,
        created=to_seconds(row.created_ms),
        expires=to_seconds_or_none(row.expires_ms),
        last_used=to_seconds_or_none(row.last_used_ms),
        revoked=to_seconds_or_none(row.revoked_ms),
    )


def revoke_token(connection: Connection, prefix: str, now: float) -> bool:
    """End the token with that prefix; False when there is none that is still good."""
    query = update(_TOKEN).where(_TOKEN.c.prefix == prefix, _TOKEN.c.revoked_ms.is_(None))
    return connection.execute(query.values(revoked_ms=to_ms(now))).rowcount > 0


def audit(
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


def audit_log(connection: Connection, limit: int) -> list[AuditEntry]:
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
