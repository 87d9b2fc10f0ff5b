"""Results that come from the other node without a number: which of them are here already.

A result that a probe has reported to both has the time that each made of its age, some milliseconds
apart; its latency and its reason are what the probe measured, and tell that it is the same one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from uptop_leader.store.codes import code_of
from uptop_leader.store.raw import raw_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from uptop_leader.changes import StoredResult
    from uptop_leader.store.results import SeriesIds

_NEAR_MS = 250  # less than the time between two checks


def not_here(
    connection: Connection, results: Sequence[StoredResult], series: SeriesIds
) -> list[StoredResult]:
    """Those that are not here yet; what has a number is not asked for."""
    unnamed = [_ms(result) for result in results if result.seq is None]
    if not unnamed:
        return list(results)
    there: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
    first, last = min(unnamed) - _NEAR_MS, max(unnamed) + _NEAR_MS + 1
    for at, number, latency_us, reason in raw_results(connection, first, last):
        there[number, latency_us, reason].append(at)
    return [one for one in results if one.seq is not None or not _is_near(one, there, series)]


def _is_near(
    result: StoredResult,
    there: dict[tuple[int, int, int], list[int]],
    series: SeriesIds,
) -> bool:
    number = series.get((result.monitor, result.node))
    if number is None:
        return False
    same = (number, result.latency_ns // 1000, code_of(result.reason, result.bearing))
    return any(abs(at - _ms(result)) <= _NEAR_MS for at in there.get(same, ()))


def _ms(result: StoredResult) -> int:
    return round(result.observed * 1000)
