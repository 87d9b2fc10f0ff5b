"""Part of step 11: which votes are written. Pure.

Most votes say what their node said before, and the raw result beside them tells all that is new:
when, and how fast (though not how long each phase took, which only the next look tells again).
Such a vote is not written; at a restart the newest result that means the same brings the one that
was written up to date. So that only the last minutes of results are needed for that, a vote is
written from time to time all the same.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_core.wire import LEADER_PROOF
from uptop_leader.changes import Bearing

if TYPE_CHECKING:
    from uptop_core.outcomes import Reason
    from uptop_core.votes import Vote
    from uptop_leader.changes import StoredResult

WRITTEN_S = 300.0
"""A vote that was written is at most this much older than one that is not, because of it."""

LOOK_BACK_S = 700.0
"""Results that may stand for votes which are still fresh are at most this old: none is fresh for
longer whose node looks more than once in `WRITTEN_S`."""


def is_repeat(vote: Vote, before: Vote | None, monitor: str) -> bool:
    """Whether `vote` says of the monitor (an id) what its node said `before`, as written lately."""
    if before is None:
        return False
    begin = zlib.crc32(monitor.encode()) % WRITTEN_S  # spreads what is written over the time
    if (vote.observed - begin) // WRITTEN_S != (before.observed - begin) // WRITTEN_S:
        return False
    moved = replace(
        before, observed=vote.observed, latency_ns=vote.latency_ns, timings=vote.timings
    )
    return moved == vote


def is_mistakable(result: StoredResult, vote: Vote) -> bool:
    """Whether a result that is no vote, since it came too late, would be taken for the newest one
    at a restart."""
    is_newer = result.observed > vote.observed
    return is_newer and meaning(vote) == (result.reason, result.bearing)


def meaning(vote: Vote) -> tuple[Reason | None, Bearing]:
    """What the raw result of `vote` says of it."""
    if vote.isolated:
        return vote.reason, Bearing.ISOLATED
    return vote.reason, Bearing.WEAK if vote.proof == LEADER_PROOF else Bearing.FULL
