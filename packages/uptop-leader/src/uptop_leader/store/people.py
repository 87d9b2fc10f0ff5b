"""Users and their tokens. Times are Unix seconds.

What changes takes an `actor`: with one the change is in the audit log too, in the same transaction.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from uptop_core.errors import ConfigError, Problem
from uptop_leader.refusals import Conflict
from uptop_leader.store import audit
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_ms_or_none, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from uptop_leader.configuration import Actor
    from uptop_leader.store.connections import Connections

_USER, _TOKEN = METADATA.tables["user"], METADATA.tables["token"]
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


class People:
    """The people of one open database; methods as those of `Store`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def has_users(self) -> bool:
        """Whether anybody was ever added."""
        with self._connections.reading() as connection:
            return connection.execute(select(_USER.c.id).limit(1)).first() is not None

    def add_user(self, name: str, role: str, now: float, actor: Actor | None = None) -> str:
        """Add a person and return the id. Raises ConfigError when the name is taken."""
        with self._connections.writing(flush=True) as connection:
            made = _add_user(connection, name, role, now)
            _note(connection, actor, "user added", name, role, now)
            return made

    def change_role(self, user: str, role: str, now: float, actor: Actor | None = None) -> bool:
        """Give a user (an id) another role; False where there is none. Raises Conflict when nobody
        would be admin any more.
        """
        with self._connections.writing(flush=True) as connection:
            known = _user(connection, user)
            if known is None:
                return False
            if role != known.role:
                _keep_an_admin(connection, known, role)
                connection.execute(update(_USER).where(_USER.c.id == user).values(role=role))
                _note(connection, actor, "user changed", known.name, role, now)
            return True

    def drop_user(self, user: str, now: float, actor: Actor | None = None) -> bool:
        """Remove a user (an id) and all tokens; False where there is none. Raises Conflict when
        nobody would be admin any more.
        """
        with self._connections.writing(flush=True) as connection:
            known = _user(connection, user)
            if known is None:
                return False
            _keep_an_admin(connection, known, "")
            connection.execute(delete(_TOKEN).where(_TOKEN.c.user_id == user))
            connection.execute(delete(_USER).where(_USER.c.id == user))
            _note(connection, actor, "user deleted", known.name, known.role, now)
            return True

    def users(self) -> list[User]:
        """All users, the oldest first."""
        query = select(_USER).order_by(_USER.c.created_ms, _USER.c.id)
        with self._connections.reading() as connection:
            return [_as_user(row) for row in connection.execute(query)]

    def user(self, user: str) -> User | None:
        """The user of that id."""
        with self._connections.reading() as connection:
            row = _user(connection, user)
        return None if row is None else _as_user(row)

    def add_first_admin(
        self, token_hash: str, prefix: str, now: float, keep: Callable[[], None]
    ) -> bool:
        """Add the user `admin` and its first token, once `keep` has kept that token: all or nothing.
        False where there are users already: several leaders may start on one database at once.
        """
        with self._connections.writing(flush=True) as connection:
            if connection.execute(select(_USER.c.id).limit(1)).first() is not None:
                return False
            user = _add_user(connection, "admin", "admin", now)
            _add_token(connection, user, "first start", token_hash, prefix, None, now)
            keep()
            return True

    def find_user(self, name: str) -> str | None:
        """The id of the user of that name."""
        query = select(_USER.c.id).where(_USER.c.name == name)
        with self._connections.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def add_token(
        self,
        user: str,
        name: str,
        token_hash: str,
        prefix: str,
        expires: float | None,
        now: float,
        actor: Actor | None = None,
    ) -> None:
        """Keep a token of the user (an id) by its hash; `prefix` is what may be shown of it."""
        with self._connections.writing(flush=True) as connection:
            _add_token(connection, user, name, token_hash, prefix, expires, now)
            owner = _user(connection, user)
            whose = owner.name if owner is not None else user
            _note(connection, actor, "token added", prefix, f"{name} of {whose}", now)

    def find_token(self, token_hash: str, now: float) -> Person | None:
        """Who a token speaks for; None when it is unknown, expired or revoked. Its last use is
        written down at most once a minute.
        """
        with self._connections.reading() as connection:
            person = _find_token(connection, token_hash, now)
        if person is not None and _is_use_due(person, now):
            with self._connections.writing() as connection:
                _note_use(connection, token_hash, now)
        return person

    def tokens(self) -> list[TokenView]:
        """All tokens, the oldest first, as they may be shown."""
        query = (
            select(_TOKEN, _USER.c.name.label("owner"), _USER.c.role)
            .join(_USER, _USER.c.id == _TOKEN.c.user_id)
            .order_by(_TOKEN.c.created_ms, _TOKEN.c.hash)
        )
        with self._connections.reading() as connection:
            return [_token_view(row) for row in connection.execute(query)]

    def revoke_token(self, prefix: str, now: float, actor: Actor | None = None) -> bool:
        """End the token with that prefix; False when none was good any more."""
        query = update(_TOKEN).where(_TOKEN.c.prefix == prefix, _TOKEN.c.revoked_ms.is_(None))
        with self._connections.writing(flush=True) as connection:
            is_ended = connection.execute(query.values(revoked_ms=to_ms(now))).rowcount > 0
            if is_ended:
                _note(connection, actor, "token revoked", prefix, "", now)
            return is_ended


def _note(
    connection: Connection, actor: Actor | None, what: str, about: str, detail: str, now: float
) -> None:
    if actor is not None:
        audit.note(connection, actor, what, about, detail, now)


def _as_user(row: Any) -> User:
    return User(id=row.id, name=row.name, role=row.role, created=to_seconds(row.created_ms))


def _user(connection: Connection, user: str) -> Any:
    return connection.execute(select(_USER).where(_USER.c.id == user)).one_or_none()


def _keep_an_admin(connection: Connection, user: Any, role: str) -> None:
    """Refuse to leave nobody who may change this again."""
    admins = select(func.count()).select_from(_USER).where(_USER.c.role == "admin")
    if user.role == "admin" != role and connection.execute(admins).scalar_one() < 2:
        raise Conflict(f"{user.name} is the only admin: make somebody else one first")


def _add_user(connection: Connection, name: str, role: str, now: float) -> str:
    user = str(uuid.uuid4())
    row = {"id": user, "name": name, "role": role, "created_ms": to_ms(now)}
    try:
        with connection.begin_nested():
            connection.execute(insert(_USER), row)
    except IntegrityError:
        taken = Problem("name", f"there is a user {name!r} already")
        raise ConfigError([taken]) from None
    return user


def _add_token(
    connection: Connection,
    user: str,
    name: str,
    token_hash: str,
    prefix: str,
    expires: float | None,
    now: float,
) -> None:
    row = {
        "hash": token_hash,
        "prefix": prefix,
        "name": name,
        "user_id": user,
        "created_ms": to_ms(now),
        "expires_ms": to_ms_or_none(expires),
    }
    connection.execute(insert(_TOKEN), row)


def _find_token(connection: Connection, token_hash: str, now: float) -> Person | None:
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


def _is_use_due(person: Person, now: float) -> bool:
    """Whether the use of the token is worth a write: at most one a minute."""
    last = person.last_used
    return last is None or to_ms(now) - to_ms(last) >= _LAST_USED_MS


def _note_use(connection: Connection, token_hash: str, now: float) -> None:
    query = update(_TOKEN).where(_TOKEN.c.hash == token_hash)
    connection.execute(query.values(last_used_ms=to_ms(now)))


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
