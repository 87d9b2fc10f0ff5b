"""What must be true whatever happens, asserted while the leader runs. Pure.

A breach is a bug of ours, and never a reason to stop judging: it is logged as an error and counted
(`uptop_invariants_broken_total`), and what it would have made people believe is not believed.

- I2: every transition has its notifications in the same transaction. A breach is written all the
  same: the outage is true, and its message is missing either way.
- I5: no DOWN from a node without proof of line after the failure. A DOWN that does not stand
  without such votes is not opened.
- I8: what a monitor is judged by never goes back in time. An older vote does not replace a newer.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.verdicts import Verdict
from uptop_core.wire import LEADER_PROOF, NO_PROOF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptop_core.monitors import Monitor
    from uptop_core.votes import Vote
    from uptop_leader.ballots import Count
    from uptop_leader.changes import Changes
    from uptop_leader.channels import Channel
    from uptop_leader.incidents import Incident

INVARIANTS = ("I2", "I5", "I8")
_AGAIN_S = 60.0


class Breach(Struct, frozen=True):
    """An invariant that did not hold for a monitor, in words."""

    invariant: str
    monitor: str
    words: str


def unproven_down(monitor: str, count: Count) -> Breach | None:
    """I5, where the votes counted are about to make a DOWN: whether it stands only on votes that
    nothing proves."""
    sees_up = any(vote.up for vote in count.fresh.values())
    unproven = sorted(
        node for node, vote in count.fresh.items() if not _is_proven(vote, sees_up=sees_up)
    )
    if not unproven and not all(vote.up for vote in count.fresh.values()):
        return None
    proven = {node: vote for node, vote in count.fresh.items() if node not in unproven}
    if replace(count, fresh=proven).verdict() is Verdict.DOWN:
        return None
    words = f"without proof of line from {', '.join(unproven)}" if unproven else "by no vote at all"
    return Breach("I5", monitor, f"DOWN {words} was not opened")


def _is_proven(vote: Vote, *, sees_up: bool) -> bool:
    if vote.up:
        return True
    if vote.abstains or vote.reason is None or not vote.reason.is_network:
        return not vote.abstains
    return vote.proof != NO_PROOF and not (vote.proof == LEADER_PROOF and sees_up)


def untold(
    changes: Changes, monitors: Mapping[str, Monitor], channels: Mapping[str, Channel]
) -> Iterator[Breach]:
    """I2: incidents that say their beginning is told, and for which nothing is to be sent."""
    newest: dict[str, Incident] = {one.id: one for one in (*changes.opened, *changes.amended)}
    if not newest:
        return
    told = {one.subject for one in changes.notifications}
    opened = {one.id for one in changes.opened}
    for incident in newest.values():
        monitor = monitors.get(incident.monitor)
        if monitor is None or incident.untold or incident.id not in opened:
            continue
        if incident.id not in told and any(one in channels for one in monitor.channels):
            yield Breach("I2", incident.monitor, f"incident {incident.id} opened and tells nobody")


def backward(monitor: str, before: Vote | None, after: Vote) -> Breach | None:
    """I8: whether a vote is about to be replaced by an older one."""
    if before is None or after.observed >= before.observed:
        return None
    words = (
        f"a vote of {after.node} older by {before.observed - after.observed:.3f} s was not taken"
    )
    return Breach("I8", monitor, words)


class Breaches:
    """What did not hold since the start: `counts` by invariant."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told: dict[tuple[str, str], float] = {}

    def note(self, breaches: Iterable[Breach], now: float) -> Iterator[str]:
        """Count them, and give the lines to log: one of a kind and monitor a minute."""
        for one in breaches:
            self.counts[one.invariant] += 1
            which = (one.invariant, one.monitor)
            if now - self._told.get(which, -math.inf) >= _AGAIN_S:
                self._told[which] = now
                yield f"invariant {one.invariant} does not hold, a bug: {one.monitor}: {one.words}"
