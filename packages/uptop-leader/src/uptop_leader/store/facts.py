"""The single facts of a database: which cluster it is, its configuration's version, its epoch."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from uptop_leader.store import puts
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

_META = METADATA.tables["meta"]
_FIRST = puts.insert_new(_META)
_PUT = puts.upsert(_META)
_GET = select(_META.c.value).where(_META.c.key == bindparam("wanted"))

CLUSTER = "cluster"
MADE = "made"
CONFIG_VERSION = "config_version"
EPOCH = "epoch"
SEALING = "sealing_until"
"""Raw results before this moment, Unix milliseconds, are sealed or being sealed."""
SEALED = "sealed_until"
"""Those before this one are in packs, or stragglers; what else is there of them counts no more."""
SETTLING = "settling_until"
"""Who changes what was before this moment, Unix milliseconds, marks the days (`stale`)."""
SETTLED = "settled_until"
"""Days before this moment are kept as they were counted."""
COPIED = "copied"
"""How far another node's changes are copied."""
COPIED_FROM = "copied_from"
"""The cluster that this database is a copy of."""
GIVEN = "given"
"""Up to which of its own changes a follower has nothing to give back."""
LOGS = "logs"
"""1 while this node is one of a pair, and its change log is kept."""


def ensure(connection: Connection, now: float) -> str:
    """Give a new database its first facts, keep those that are there; returns the cluster's id."""
    first = {
        CLUSTER: str(uuid.uuid4()),
        MADE: str(now),
        CONFIG_VERSION: "0",
        EPOCH: "1",
    }
    _FIRST.rows(connection, [{"key": key, "value": value} for key, value in first.items()])
    return str(get(connection, CLUSTER))


def get(connection: Connection, key: str) -> str | None:
    """The fact of that name, if it is known."""
    return connection.execute(_GET, {"wanted": key}).scalar_one_or_none()


def number(connection: Connection, key: str) -> int:
    """A fact that is a number; 0 where it is not known."""
    return int(get(connection, key) or 0)


def put(connection: Connection, key: str, value: str | int) -> None:
    """Remember a fact."""
    _PUT.rows(connection, {"key": key, "value": str(value)})
