"""What a node's place in an election can be asked, whichever it is: seat, station or lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uptop_leader.election.words import Poll, Sighting


class Place(Protocol):
    """This node's place in an election: a leader's seat, or a follower's station."""

    @property
    def role(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def known_epoch(self) -> int: ...

    def may_act(self) -> bool:
        """Whether this node may judge and send at this moment."""

    @property
    def phase(self) -> str:
        """How far the leader of a pair is; empty for any other node."""

    @property
    def why(self) -> str:
        """Why this node acts or stands by, in words."""

    async def polled(self, poll: Poll) -> str:
        """A follower asks; the token for its next poll, empty where this is no leader."""

    async def told(self, sighting: Sighting) -> None:
        """A probe says what it saw of the other one."""
