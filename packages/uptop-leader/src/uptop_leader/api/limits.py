"""How often anybody may ask: a bucket of requests for each credential, which fills up again steadily.

The limits are far above what a node does in ordinary work, catching up included; they bound what one
that has run wild, or somebody who guesses, costs all others. A thousand nodes behind one address do
not share a bucket. Memory is bounded: of too many buckets the one that was used least lately goes.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core import logs
from uptop_leader.refusals import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10_000
"""Buckets, and credentials that were good lately, that are remembered."""
_NAME = 100  # characters of whose bucket it is: a node's id, an address, a hash
_NET_BITS = 64  # of an IPv6 address: whoever has one of a network has them all

log = logging.getLogger("uptop.api")


class Rate(Struct, frozen=True):
    """So many requests at once, and so many a second for as long as it goes on."""

    at_once: int
    per_s: float


NODE = Rate(1000, 100.0)
"""A node, however it shows who it is. One that catches up sends 20 to 50 batches a second."""
REGISTRATION = Rate(60, 0.1)
"""Of a node, which registers when it starts, and when a leader has forgotten it. Of each instance is
kept for days what it has sent."""
PERSON = Rate(1000, 50.0)
"""An API token, the token of a push job; of the cluster secret each address."""
STRANGER = Rate(2000, 100.0)
"""An address without a credential: pages, badges, health."""
WRONG = Rate(60, 1.0)
"""Wrong credentials of an address. Those that were good before it get through all the same."""


NOTES = Rate(20, 1 / 60)
"""What is written into the audit log of the misuse of a node's key."""


class _Bucket:
    """What is left, and when that was so."""

    __slots__ = ("at", "left", "told")

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at
        self.told = False


class Limits:
    """The buckets of one leader. `steady` is a monotonic clock."""

    def __init__(self, steady: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._steady = steady
        self._most = most
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self._good: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets) + len(self._good)

    def take(self, kind: str, who: str, rate: Rate) -> None:
        """One request of somebody. Raises TooMany when there were too many."""
        bucket = self._filled(kind, who, rate)
        if bucket.left < 1:
            self._refuse(bucket, kind, who, rate)
        bucket.left -= 1

    def has_room(self, kind: str, who: str, rate: Rate) -> bool:
        """Whether there was room for one more, which is taken then."""
        bucket = self._filled(kind, who, rate)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def stranger(self, source: str) -> None:
        """One request without a credential."""
        self.take("address", network_of(source), STRANGER)

    def before(self, source: str, hashed: str) -> None:
        """Somebody shows a credential (its hash). Raises TooMany for an address that has shown too
        many wrong ones, unless this one is known to be good: a guess is not even looked at then.
        """
        if hashed not in self._good:
            bucket = self._filled("wrong", network_of(source), WRONG)
            if bucket.left < 1:
                self._refuse(bucket, "wrong", network_of(source), WRONG)

    def wrong(self, source: str, hashed: str) -> None:
        """It was wrong."""
        self._good.pop(hashed, None)
        self._filled("wrong", network_of(source), WRONG).left -= 1

    def is_good(self, hashed: str) -> bool:
        """Whether it was right when it was last shown."""
        return hashed in self._good

    def good(self, hashed: str) -> None:
        """It was right."""
        self._good[hashed] = None
        self._good.move_to_end(hashed)
        if len(self._good) > self._most:
            self._good.popitem(last=False)

    def _filled(self, kind: str, who: str, rate: Rate) -> _Bucket:
        now, name = self._steady(), (kind, who[:_NAME])
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(rate.at_once, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(name)
        bucket.left = min(rate.at_once, bucket.left + (now - bucket.at) * rate.per_s)
        bucket.at = now
        bucket.told = bucket.told and bucket.left < rate.at_once / 2
        return bucket

    def _refuse(self, bucket: _Bucket, kind: str, who: str, rate: Rate) -> None:
        """Told in the log once, until it has been calm for a while."""
        if not bucket.told:
            bucket.told = True
            logs.event(log, logging.WARNING, "too many requests", of=kind, who=who)
        raise TooMany((1 - bucket.left) / rate.per_s, is_wrong=rate is WRONG)


def network_of(source: str) -> str:
    """The address; of IPv6 its network."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> _NET_BITS << _NET_BITS))
    return source
