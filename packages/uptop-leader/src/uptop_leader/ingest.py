"""Step 7: a batch from a node → results not seen before, as votes and history. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from uptop_core.outcomes import DETAIL_LIMIT, Reason
from uptop_core.votes import Vote, fresh_for
from uptop_core.wire import NO_PROOF, Rejected, ResultsBatch, WireResult, decode_result
from uptop_leader.changes import StoredResult
from uptop_leader.nodes import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.monitors import Monitor

_OLDEST_S = 7 * 86_400.0  # nothing older than raw rows are kept


class Observation(Struct, frozen=True):
    """One new result: its row for history, and its vote where it is fresh enough to count."""

    result: StoredResult
    vote: Vote | None


class Ingested(Struct, frozen=True, kw_only=True):
    """What a batch held."""

    observations: list[Observation]
    duplicates: int
    rejected: tuple[Rejected, ...]
    ledger: Ledger


def ingest(
    batch: ResultsBatch, find: Callable[[str], Monitor | None], ledger: Ledger, now: float
) -> Ingested:
    """Read each result of `batch` on its own; refuse the bad ones by name, skip the known ones.

    `find` gives the monitor of an id if it is assigned to the node now. A refused result counts
    as seen, so that it is not sent for ever.
    """
    observations: list[Observation] = []
    rejected: list[Rejected] = []
    duplicates = 0
    seen = list(ledger.ranges)
    for index, raw in enumerate(batch.results):
        try:
            result = decode_result(raw)
        except msgspec.MsgspecError as error:
            rejected.append(Rejected(index=index, why=_plain(error)))
            continue
        if result.seq is not None and batch.instance and not add_to_ranges(seen, result.seq):
            duplicates += 1
            continue
        monitor = find(result.monitor)
        if monitor is None:
            why = "not assigned to this node" if result.monitor else "monitor_id is missing"
            rejected.append(
                Rejected(index=index, seq=result.seq, monitor_id=result.monitor, why=why)
            )
            continue
        observations.append(_observe(result, monitor, batch, now))
    return Ingested(
        observations=observations,
        duplicates=duplicates,
        rejected=tuple(rejected),
        ledger=replace(ledger, ranges=tuple(seen), touched=now),
    )


def add_to_ranges(ranges: list[tuple[int, int]], seq: int) -> bool:
    """Add `seq` to sorted, disjoint, inclusive ranges; False when it is already there."""
    place = len(ranges)
    while place and ranges[place - 1][0] > seq:
        place -= 1
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


def have(ledger: Ledger) -> int:
    """The highest seq up to which nothing is missing; 0 when the first is."""
    return ledger.ranges[0][1] if ledger.ranges and ledger.ranges[0][0] == 1 else 0


def observed_at(result: WireResult, now: float) -> float:
    """When the check began, on our clock: by the age the node gives, else by its wall clock, else
    now. Never in the future, and never older than history is kept."""
    observed = now
    if result.age_ms is not None:
        observed = now - result.age_ms / 1000
    elif result.checked_at is not None:
        observed = result.checked_at / 1000
    return min(now, max(observed, now - _OLDEST_S))


def _observe(result: WireResult, monitor: Monitor, batch: ResultsBatch, now: float) -> Observation:
    observed = observed_at(result, now)
    reason = _reason(result)
    stored = StoredResult(
        monitor=monitor.id,
        node=batch.node_id,
        observed=observed,
        latency_ns=result.latency_ns,
        reason=reason,
        timings=result.timings,
        cert_end=result.cert_end,
        seq=result.seq,
        instance=batch.instance,
    )
    if observed < now - fresh_for(monitor):
        return Observation(stored, None)
    vote = Vote(
        node=batch.node_id,
        observed=observed,
        up=result.is_up,
        reason=reason,
        detail=(result.error_reason or "")[:DETAIL_LIMIT],
        latency_ns=result.latency_ns,
        status_code=result.status_code,
        address=result.address,
        failed=result.failed,
        recheck=result.recheck,
        sample=result.sample if monitor.keep_body else None,
        proof=result.proof,
        isolated=result.proof == NO_PROOF and reason is not None and reason.is_network,
    )
    return Observation(stored, vote)


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
