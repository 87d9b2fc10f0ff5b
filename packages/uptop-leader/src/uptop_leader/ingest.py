"""Step 7: a batch from a node → results not seen before, as votes and history. Pure.

A result may vote when its monitor is the node's now and was so, as it is, when the result was
observed; when it was the node's then and is not any more, it is history.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from uptop_core.conditions.language import TEXT_LIMIT
from uptop_core.conditions.subjects import FOUND_LIMIT
from uptop_core.monitors import Monitor
from uptop_core.outcomes import DETAIL_LIMIT, SAMPLE_LIMIT, FailedCondition, Reason
from uptop_core.votes import Vote, fresh_for
from uptop_core.wire import (
    LEADER_PROOF,
    NO_PROOF,
    Rejected,
    ResultsBatch,
    WireResult,
    decode_result,
)
from uptop_leader.changes import Bearing, StoredResult
from uptop_leader.nodes import Ledger
from uptop_leader.offsets import Placed, Reading, place

if TYPE_CHECKING:
    from collections.abc import Callable

RANGES_LIMIT = 1000  # of a ledger; each gap between two is of results that never came
FAILED_LIMIT = 50  # conditions that did not hold, of one vote
_OLDEST_S = 7 * 86_400.0  # nothing older than raw rows are kept
_NO_READING = Reading()


class Given(Struct, frozen=True, gc=False):
    """A monitor as it is given to a node: `since` when as it is now, or `until` when it was.

    `monitor` is None where the node does not have it any more. Times are Unix seconds.
    """

    monitor: Monitor | None
    since: float = -math.inf
    until: float = math.inf


class Observation(Struct, frozen=True, gc=False):
    """One new result: its row for history, and its vote where it is fresh enough to count.

    `monitor` is what its node looks at there now; None where it does not have it any more.
    `is_late` says that it is no vote for its age alone: it may still tell what was.
    """

    result: StoredResult
    vote: Vote | None
    monitor: Monitor | None
    is_late: bool = False


class Ingested(Struct, frozen=True, kw_only=True):
    """What a batch held."""

    observations: list[Observation]
    duplicates: int
    rejected: tuple[Rejected, ...]
    ledger: Ledger


def ingest(
    batch: ResultsBatch,
    find: Callable[[str], Given | None],
    ledger: Ledger,
    now: float,
    clock: Reading = _NO_READING,
    received: float | None = None,
) -> Ingested:
    """Read each result of `batch` on its own; refuse the bad ones by name, skip the known ones.

    `find` tells how a monitor is or was given to the node, None where it never was. `clock` is
    what is known of the node's. `received` is when the batch came in, which its ages are counted
    from, if it is read only `now`: what was fresh then may not be so any more. A refused result counts as seen, so that it is not sent for ever.
    """
    observations: list[Observation] = []
    rejected: list[Rejected] = []
    duplicates = 0
    seen = list(ledger.ranges)
    came = now if received is None else received
    for index, raw in enumerate(batch.results):
        try:
            result = decode_result(raw)
        except msgspec.MsgspecError as error:
            rejected.append(Rejected(index=index, why=_plain(error)))
            continue
        if result.seq is not None and batch.instance and not add_to_ranges(seen, result.seq):
            duplicates += 1
            continue
        given, placed = find(result.monitor), place(result, clock, came)
        if given is None or (why := _refusal(given, placed, now)):
            if given is None:
                why = "not assigned to this node" if result.monitor else "monitor_id is missing"
            rejected.append(
                Rejected(index=index, seq=result.seq, monitor_id=result.monitor, why=why)
            )
            continue
        observations.append(_observe(result, given, placed, batch, now))
    return Ingested(
        observations=_spaced(observations),
        duplicates=duplicates,
        rejected=tuple(rejected),
        ledger=replace(ledger, ranges=tuple(_closed(seen)), touched=now),
    )


def add_to_ranges(ranges: list[tuple[int, int]], seq: int) -> bool:
    """Add `seq` to sorted, disjoint, inclusive ranges; False when it is already there."""
    if ranges and seq == ranges[-1][1] + 1:  # nearly always
        ranges[-1] = (ranges[-1][0], seq)
        return True
    place = bisect_right(ranges, seq, key=itemgetter(0))
    if place and ranges[place - 1][1] >= seq:
        return False
    low = high = seq
    if place and ranges[place - 1][1] == seq - 1:
        low = ranges[place - 1][0]
        place -= 1
        del ranges[place]
    if place < len(ranges) and ranges[place][0] == seq + 1:
        high = ranges[place][1]
        del ranges[place]
    ranges.insert(place, (low, high))
    return True


def _closed(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same with the oldest gaps closed, where there are too many: what is missing there is taken
    for lost. No node that tells the truth has so many.
    """
    excess = len(ranges) - RANGES_LIMIT
    if excess <= 0:
        return ranges
    return [(ranges[0][0], ranges[excess][1]), *ranges[excess + 1 :]]


def have(ledger: Ledger) -> int:
    """The highest seq up to which nothing is missing; 0 when the first is."""
    return ledger.ranges[0][1] if ledger.ranges and ledger.ranges[0][0] == 1 else 0


def _refusal(given: Given, placed: Placed, now: float) -> str:
    """Why a result is not even history; empty where it is."""
    if placed.observed < now - _OLDEST_S:
        return "older than history is kept"
    if given.monitor is None and not (placed.may_vote and placed.observed < given.until):
        return "not assigned to this node any more"
    return ""


def _spaced(observations: list[Observation]) -> list[Observation]:
    """No two results of a monitor within one millisecond, which is all that a row can tell: the
    earlier ones are moved apart, so that they keep their order.
    """
    if len({_place(observation) for observation in observations}) == len(observations):
        return observations
    taken: set[tuple[str, int]] = set()
    spaced: list[Observation] = []
    for observation in reversed(observations):
        monitor, moment = _place(observation)
        if (monitor, moment) in taken:
            while (monitor, moment) in taken:
                moment -= 1
            observation = _moved(observation, moment / 1000)
        taken.add((monitor, moment))
        spaced.append(observation)
    return spaced[::-1]


def _place(observation: Observation) -> tuple[str, int]:
    result = observation.result
    return result.monitor, round(result.observed * 1000)


def _moved(observation: Observation, observed: float) -> Observation:
    vote = observation.vote
    return replace(
        observation,
        result=replace(observation.result, observed=observed),
        vote=None if vote is None else replace(vote, observed=observed),
    )


def _observe(
    result: WireResult, given: Given, placed: Placed, batch: ResultsBatch, now: float
) -> Observation:
    observed, monitor = placed.observed, given.monitor
    reason = _reason(result)
    isolated = result.proof == NO_PROOF and reason is not None and reason.is_network
    stored = StoredResult(
        monitor=result.monitor,
        node=batch.node_id,
        observed=observed,
        latency_ns=result.latency_ns,
        reason=reason,
        cert_end=result.cert_end,
        seq=result.seq,
        instance=batch.instance,
        bearing=_bearing(placed, result.proof, isolated=isolated),
    )
    if monitor is None or observed < given.since or not placed.may_vote:
        return Observation(stored, None, monitor)
    age = now - observed
    if age > monitor.interval and age > fresh_for(monitor):  # the first is quickly told
        return Observation(stored, None, monitor, placed.is_proven)
    vote = Vote(
        node=batch.node_id,
        observed=observed,
        up=result.is_up,
        reason=reason,
        detail=(result.error_reason or "")[:DETAIL_LIMIT],
        latency_ns=result.latency_ns,
        timings=result.timings,
        status_code=result.status_code,
        address=result.address,
        failed=_clipped(result.failed) if result.failed else (),
        recheck=result.recheck,
        sample=result.sample[:SAMPLE_LIMIT] if monitor.keep_body and result.sample else None,
        proof=result.proof,
        isolated=isolated,
    )
    return Observation(stored, vote, monitor)


def _clipped(failed: tuple[FailedCondition, ...]) -> tuple[FailedCondition, ...]:
    """What a node says of conditions, as much of it as is kept with a vote: one that lies could
    fill the memory with it.
    """
    return tuple(
        FailedCondition(one.text[:TEXT_LIMIT], one.found[:FOUND_LIMIT], one.soft)
        for one in failed[:FAILED_LIMIT]
    )


def _bearing(placed: Placed, proof: str | None, *, isolated: bool) -> Bearing:
    if not placed.is_proven:
        return Bearing.UNPLACED
    if isolated:
        return Bearing.ISOLATED
    return Bearing.WEAK if proof == LEADER_PROOF else Bearing.FULL


def _reason(result: WireResult) -> Reason | None:
    """The reason of a result that is not up. The small form has only words: the target is down."""
    if result.is_up:
        return None
    if result.reason is None:
        return Reason.UNEXPECTED_ANSWER
    try:
        return Reason(result.reason)
    except ValueError:
        return Reason.INTERNAL_ERROR


def _plain(error: msgspec.MsgspecError) -> str:
    return str(error).replace("`", "'")
