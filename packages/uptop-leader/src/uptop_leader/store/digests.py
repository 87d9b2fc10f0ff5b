"""What the rows of a thing come to, so that two databases can be compared without sending them.

Rows are taken as they are copied: numbers that a database counts for itself and the sealing of
secrets are left out, and so is what each node writes down for itself, also while it copies. The
order of rows does not matter. Numbered things (transitions and notifications) and former
assignments are removed by each node for itself when they are old, so only those from a moment on
are compared; numbered ones by what names them and how far they are.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from uptop_leader.store import change_log, copying
from uptop_leader.store.change_log import THINGS, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection

    from uptop_leader.seal import Keyring

_SIZE = 16  # bytes of a digest
_MOMENT = {"transition": "known_ms", "notification": "created_ms", "former": "until_ms"}
_OWN = {"token": ("last_used_ms",), "nodekey": ("last_used_ms",)}
"""Columns that each node writes for itself: who looks at a copy uses a token there, and a probe its
key when it asks whether the copy acts."""


def of_all(connection: Connection, keyring: Keyring, since_ms: int) -> dict[str, str]:
    """The digest of each thing. Raises SealError."""
    return {
        thing: _digest(
            _numbered(connection, thing, since_ms)
            if thing in copying.NATURAL
            else _whole(connection, thing, keyring, since_ms)
        )
        for thing in THINGS
    }


def _digest(rows: Iterator[bytes]) -> str:
    """The sum of what each row comes to: it does not depend on their order."""
    total = sum(
        int.from_bytes(hashlib.blake2b(row, digest_size=_SIZE).digest(), "big") for row in rows
    )
    return f"{total % (1 << 8 * _SIZE):032x}"


def _whole(connection: Connection, thing: str, keyring: Keyring, since_ms: int) -> Iterator[bytes]:
    moment, own = _MOMENT.get(thing), _OWN.get(thing, ())
    beyond: tuple[str, ...] | None = None
    while rows := change_log.page_of(connection, thing, beyond):
        for change in rows:
            row = copying.in_clear(change, keyring).row or {}
            if moment is None or row[moment] >= since_ms:
                compared = {name: value for name, value in row.items() if name not in own}
                yield msgspec.json.encode(compared, order="sorted")
        beyond = rows[-1].key


def _numbered(connection: Connection, thing: str, since_ms: int) -> Iterator[bytes]:
    table = table_of(thing)
    columns: list[ColumnElement[Any]] = [table.c[name] for name in copying.key_of(thing)]
    if thing == "notification":
        columns += [table.c.event, table.c.done_ms.is_(None)]
    query = select(*columns).where(table.c[_MOMENT[thing]] >= since_ms)
    for row in connection.execute(query):
        yield msgspec.json.encode(list(row))
