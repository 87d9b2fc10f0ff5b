"""The keys of nodes, by their hashes: made, rotated, revoked, forgotten. Times are Unix seconds.

Every change raises the version of the configuration in its own transaction, so that each leader
sees it within seconds. What it means for the engine (a revoked node leaves at once) is left there as
an errand in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update

from uptop_leader.refusals import Conflict, NotThere
from uptop_leader.store import audit, facts
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection

    from uptop_leader.configuration import Actor
    from uptop_leader.store.connections import Connections

_KEY, _ERRAND = METADATA.tables["nodekey"], METADATA.tables["errand"]


class NodeKey(Struct, frozen=True, kw_only=True):
    """A key as it may be shown. The node it is of looks from `region` with it and from no other."""

    node: str
    region: str
    prefix: str
    created: float
    expires: float | None = None
    last_used: float | None = None
    revoked: float | None = None

    def is_good(self, now: float) -> bool:
        """Whether it opens anything at the moment `now`."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class NodeKeys:
    """The node keys of one open database; methods as those of `Store`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def edition(self) -> tuple[int, int]:
        """Changes whenever a key may have; cheap enough to be asked every second."""
        with self._connections.reading() as connection:
            version = facts.number(connection, facts.CONFIG_VERSION)
            return version, facts.number(connection, facts.COPIED)

    def by_hash(self) -> dict[str, NodeKey]:
        """All keys by their hashes, the oldest first."""
        query = select(_KEY).order_by(_KEY.c.created_ms, _KEY.c.hash)
        with self._connections.reading() as connection:
            return {row.hash: _key(row) for row in connection.execute(query)}

    def all(self) -> list[NodeKey]:
        """All keys, those that are good no more included."""
        return list(self.by_hash().values())

    def add(
        self, node: str, region: str, key_hash: str, prefix: str, now: float, actor: Actor
    ) -> None:
        """Give a node its key. Raises Conflict where it has a good one."""
        with self._connections.writing(flush=True) as connection:
            if _good(connection, node, now):
                raise Conflict(f"node {node!r} has a key already: rotate it")
            _insert(connection, node, region, key_hash, prefix, now)
            detail = f"{prefix} for region {region or '-'}"
            _changed(connection, actor, "node key added", node, detail, now)

    def rotate(
        self, node: str, key_hash: str, prefix: str, overlap_s: float, now: float, actor: Actor
    ) -> NodeKey:
        """Give a node another key; those it has stay good for `overlap_s`. Returns the new one.
        Raises NotThere where it has none that is good.
        """
        with self._connections.writing(flush=True) as connection:
            known = _good(connection, node, now)
            if not known:
                raise NotThere(f"node {node!r} has no key that is good: add one")
            until = now + overlap_s
            for row in known:
                ends = {"revoked_ms": to_ms(now)}
                if overlap_s > 0:
                    earlier = to_ms(until) if row.expires_ms is None else row.expires_ms
                    ends = {"expires_ms": min(to_ms(until), earlier)}
                connection.execute(update(_KEY).where(_KEY.c.hash == row.hash).values(ends))
            region: str = known[-1].region
            _insert(connection, node, region, key_hash, prefix, now)
            detail = f"{prefix}, the old one is good for {overlap_s:g} s"
            _changed(connection, actor, "node key rotated", node, detail, now)
        return NodeKey(node=node, region=region, prefix=prefix, created=now)

    def revoke(self, node: str, now: float, actor: Actor) -> bool:
        """End all keys of a node, which leaves with that; False where none was good any more."""
        with self._connections.writing(flush=True) as connection:
            known = _good(connection, node, now)
            if not known:
                return False
            _end(connection, _KEY.c.node == node, now)
            _leave(connection, "dismiss", node)
            prefixes = ", ".join(row.prefix for row in known)
            _changed(connection, actor, "node key revoked", node, prefixes, now)
            return True

    def forget(self, node: str, now: float, actor: Actor) -> None:
        """Remove all keys of a node, and have the leader that acts forget the node itself."""
        with self._connections.writing(flush=True) as connection:
            connection.execute(delete(_KEY).where(_KEY.c.node == node))
            _leave(connection, "forget", node)
            _changed(connection, actor, "node forgotten", node, "", now)

    def note_use(self, key_hash: str, now: float) -> None:
        """Write down that a key was used."""
        query = update(_KEY).where(_KEY.c.hash == key_hash)
        with self._connections.writing() as connection:
            connection.execute(query.values(last_used_ms=to_ms(now)))


def _good(connection: Connection, node: str, now: float) -> list[Any]:
    """The rows of a node's keys that are good, the oldest first."""
    query = select(_KEY).where(_KEY.c.node == node).order_by(_KEY.c.created_ms, _KEY.c.hash)
    return [row for row in connection.execute(query) if _key(row).is_good(now)]


def _insert(
    connection: Connection, node: str, region: str, key_hash: str, prefix: str, now: float
) -> None:
    newest = select(func.max(_KEY.c.created_ms)).where(_KEY.c.node == node)
    before: int | None = connection.execute(newest).scalar()
    row = {
        "hash": key_hash,
        "prefix": prefix,
        "node": node,
        "region": region,
        # Behind those that it has, whatever the clock says: the order of keys is told by it.
        "created_ms": to_ms(now) if before is None else max(to_ms(now), before + 1),
    }
    connection.execute(insert(_KEY), row)


def _end(connection: Connection, those: ColumnElement[bool], now: float) -> None:
    query = update(_KEY).where(those, _KEY.c.revoked_ms.is_(None))
    connection.execute(query.values(revoked_ms=to_ms(now)))


def _leave(connection: Connection, kind: str, node: str) -> None:
    body = msgspec.json.encode({"node": node}).decode()
    connection.execute(insert(_ERRAND), {"kind": kind, "body": body})


def _changed(
    connection: Connection, actor: Actor, what: str, node: str, detail: str, now: float
) -> None:
    audit.note(connection, actor, what, node, detail, now)
    version = facts.number(connection, facts.CONFIG_VERSION)
    facts.put(connection, facts.CONFIG_VERSION, version + 1)


def _key(row: Any) -> NodeKey:
    return NodeKey(
        node=row.node,
        region=row.region,
        prefix=row.prefix,
        created=to_seconds(row.created_ms),
        expires=to_seconds_or_none(row.expires_ms),
        last_used=to_seconds_or_none(row.last_used_ms),
        revoked=to_seconds_or_none(row.revoked_ms),
    )


def uses(keys: Mapping[str, NodeKey], now: float) -> dict[str, float | None]:
    """When each node that has a good key used one last; None for never."""
    found: dict[str, float | None] = {}
    for key in keys.values():
        if key.is_good(now):
            before = found.get(key.node)
            times = [one for one in (before, key.last_used) if one is not None]
            found[key.node] = max(times, default=None)
    return found
