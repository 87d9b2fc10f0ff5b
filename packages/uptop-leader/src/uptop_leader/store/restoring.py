"""Puts a backup in the place of the database, whole or not at all.

1. Nobody else has the database open until the end, be it a leader or another one who restores, and
   nothing is written over without being asked to.
2. The backup is copied beside it, and everything that could be wrong with it is found there: what
   SQLite finds damaged, tables of a newer version, secrets that no key opens. The copy is brought
   to the tables of this version.
3. The copy is written over the database in one transaction.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, select

from uptop_core.errors import SealError, StoreError
from uptop_leader.store import audit, reading
from uptop_leader.store.connections import Connections
from uptop_leader.store.dialects import whole_files
from uptop_leader.store.examining import examine
from uptop_leader.store.migrate import migrate, revision
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from uptop_leader.configuration import Actor
    from uptop_leader.seal import Keyring
    from uptop_leader.store.addresses import Address

_MONITORS = select(func.count()).select_from(METADATA.tables["monitor"])
WAIT_S = 5.0
"""How long a command beside the leader may still have the database open."""


class Restored(Struct, frozen=True):
    """What is in a backup: how many monitors, and until when it tells of them (Unix seconds)."""

    monitors: int
    until: float | None


def restore(
    backup: Path,
    address: Address,
    keyring: Keyring,
    actor: Actor,
    now: float,
    *,
    replace: bool = False,
    wait_s: float = WAIT_S,
) -> Restored:
    """Restore a SQLite database. Only with `replace` one that is there is given up for it.

    Raises StoreError or SealError, and has changed nothing then.
    """
    if not isinstance(address, Path):
        name = Connections(address, wait_s).name
        raise StoreError(f"{name} is PostgreSQL: restore it with pg_restore")
    if not backup.is_file():
        raise StoreError(f"there is no backup {backup}")
    if address.exists() and address.samefile(backup):
        raise StoreError(f"{backup} is the database itself")
    with _told(address), whole_files.alone(address, wait_s) as raw:
        _may_give_up(raw, address, replace=replace)
        with _beside(address) as part:
            whole_files.take_out(backup, part)
            restored = _seen_to(part, backup, keyring, actor, now)
            whole_files.write_over(raw, part)
    return restored


def _may_give_up(raw: sqlite3.Connection, address: Path, *, replace: bool) -> None:
    """StoreError where the database holds something that is to be kept."""
    if not replace and not whole_files.is_empty(raw):
        raise StoreError(
            f"there is a database {address} already: to give it up for the backup, say --replace"
        )


def _seen_to(part: Path, backup: Path, keyring: Keyring, actor: Actor, now: float) -> Restored:
    """Find what is wrong with the copy of a backup, and make it ready to be started with."""
    with (
        contextlib.closing(Connections(part, WAIT_S)) as connections,
        connections.writing() as connection,
    ):
        if revision(connection) is None:
            raise StoreError(f"{backup} is not a backup of uptop: it has none of its tables")
        migrate(connection)
        audit.note(connection, actor, "restored a backup", backup.name, "", now)
        restored = Restored(
            connection.execute(_MONITORS).scalar_one(), reading.last_alive(connection)
        )
    if closed := examine(part, keyring).closed:
        raise SealError("\n".join(closed))
    return restored


@contextlib.contextmanager
def _beside(address: Path) -> Iterator[Path]:
    """The path of a file beside the database, which is gone at the end with what belongs to it."""
    part = address.with_name(f".{address.name}.restoring")
    try:
        yield part
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def _told(address: Path) -> Iterator[None]:
    """Say what the system refuses in words."""
    try:
        yield
    except OSError as error:
        where = error.filename or address
        raise StoreError(f"{where}: {error.strerror or error}") from None
