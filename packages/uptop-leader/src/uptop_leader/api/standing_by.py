"""What a node that copies another one refuses: the next copy would undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.refusals import of_a_copy

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader


def refuse_on_a_copy(leader: Leader) -> None:
    """Raise StandingBy where what people write is written at another node."""
    if leader.settings.copies:
        raise of_a_copy(leader.settings.peer_url)
