"""What a node of a pair must know of the election after a restart: epochs, and that it is a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.store import facts

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KNOWN, _FOLLOWER, _WISH = "known_epoch", "follower", "wish"


class Place(Struct, frozen=True):
    """`epoch` is this node's own, `known` the highest it has heard of; `follower` is the id of the
    follower that has polled it, empty where none ever has.
    """

    epoch: int
    known: int
    follower: str = ""


def load(connection: Connection) -> Place:
    """The place as it was left."""
    epoch = facts.number(connection, facts.EPOCH)
    known = max(epoch, facts.number(connection, _KNOWN))
    return Place(epoch, known, facts.get(connection, _FOLLOWER) or "")


def put(connection: Connection, place: Place) -> None:
    """Keep it. Epochs only grow."""
    before = load(connection)
    facts.put(connection, facts.EPOCH, max(before.epoch, place.epoch))
    facts.put(connection, _KNOWN, max(before.known, place.known, place.epoch))
    facts.put(connection, _FOLLOWER, place.follower or before.follower)
    if place.follower:
        facts.put(connection, facts.LOGS, 1)  # it copies from now on


def wish(connection: Connection, wanted: str) -> None:
    """What an operator wants this node to do: promote, or handover."""
    facts.put(connection, _WISH, wanted)


def wished(connection: Connection) -> str:
    """What an operator wants, if anything."""
    return facts.get(connection, _WISH) or ""
