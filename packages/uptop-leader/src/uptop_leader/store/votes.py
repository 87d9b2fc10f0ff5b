"""The newest vote of each node: written where it says something new, and read with what the raw
results tell of those that do not (`repeats`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from sqlalchemy import and_, func, select

from uptop_core.votes import Vote
from uptop_leader.repeats import LOOK_BACK_S, meaning
from uptop_leader.store import puts
from uptop_leader.store.codes import code_of
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

Pair = tuple[str, str]
"""A monitor and a node, by id."""

_TABLES = METADATA.tables
_VOTE, _RESULT, _SERIES = _TABLES["vote"], _TABLES["result"], _TABLES["series"]

_PUT_VOTE = puts.upsert(_VOTE)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Vote).decode


def write_votes(
    connection: Connection, votes: dict[Pair, Vote], settled: dict[Pair, float]
) -> None:
    """Replace the votes. For those in `settled` no result until then stands for a newer one."""
    if votes:
        _PUT_VOTE.tuples(
            connection,
            [
                (*pair, to_ms(settled.get(pair, vote.observed)), _encode(vote))
                for pair, vote in votes.items()
            ],
        )


def read_votes(connection: Connection) -> dict[str, dict[str, Vote]]:
    """All votes by monitor and node, as new as the results are."""
    latest = _latest_results(connection)
    votes: dict[str, dict[str, Vote]] = {}
    for monitor, node, settled_ms, data in connection.execute(select(_VOTE)):
        vote = _decode(data)
        at_ms, latency_us = latest.get((monitor, node, code_of(*meaning(vote))), (0, 0))
        if at_ms > settled_ms:
            latency_ns = latency_us * 1000
            vote = replace(vote, observed=to_seconds(at_ms), latency_ns=latency_ns, timings=None)
        votes.setdefault(monitor, {})[node] = vote
    return votes


def _latest_results(connection: Connection) -> dict[tuple[str, str, int], tuple[int, int]]:
    """The newest result of each (monitor, node, code) of the last minutes: its Unix milliseconds
    and its latency in microseconds."""
    last = connection.execute(select(func.max(_RESULT.c.time_ms))).scalar_one_or_none()
    if last is None:
        return {}
    newest = (
        select(_RESULT.c.series, _RESULT.c.reason, func.max(_RESULT.c.time_ms).label("at_ms"))
        .where(_RESULT.c.time_ms >= last - to_ms(LOOK_BACK_S))
        .group_by(_RESULT.c.series, _RESULT.c.reason)
        .subquery()
    )
    found = (
        select(
            _SERIES.c.monitor, _SERIES.c.node, newest.c.reason, newest.c.at_ms, _RESULT.c.latency_us
        )
        .join_from(newest, _SERIES, _SERIES.c.id == newest.c.series)
        .join(
            _RESULT,
            and_(_RESULT.c.time_ms == newest.c.at_ms, _RESULT.c.series == newest.c.series),
        )
    )
    return {
        (monitor, node, code): (at_ms, latency_us)
        for monitor, node, code, at_ms, latency_us in connection.execute(found)
    }
