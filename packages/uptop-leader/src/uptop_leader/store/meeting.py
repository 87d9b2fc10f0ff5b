"""Results that come from the other node without a number: which of them are here already.

A result that a probe has reported to both has the time that each made of its age: some milliseconds
apart, and seconds where one of the two reports was long on its way. Its latency and its reason are what
the probe measured, and tell that it is the same one. One that is here stands for one that comes, not for
two.
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

_NEAR_MS = 250  # mostly the ways of two reports differ by less
_MEASURED_MS = 5000  # where there is a latency: few checks share its microseconds


def not_here(
    connection: Connection, results: Sequence[StoredResult], series: SeriesIds
) -> list[StoredResult]:
    """Those that are not here yet; what has a number is not asked for."""
    unnamed = [_ms(result) for result in results if result.seq is None]
    if not unnamed:
        return list(results)
    there: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
    first, last = min(unnamed) - _MEASURED_MS, max(unnamed) + _MEASURED_MS + 1
    for at, number, latency_us, reason in raw_results(connection, first, last):
        there[number, latency_us, reason].append(at)
    return [one for one in results if one.seq is not None or not _took(one, there, series)]


def _took(
    result: StoredResult,
    there: dict[tuple[int, int, int], list[int]],
    series: SeriesIds,
) -> bool:
    """Whether one that is here is this result: the nearest, which is then taken out of those."""
    number = series.get((result.monitor, result.node))
    if number is None:
        return False
    latency_us, at = result.latency_ns // 1000, _ms(result)
    same = there.get((number, latency_us, code_of(result.reason, result.bearing)))
    if not same:
        return False
    nearest = min(same, key=lambda one: abs(one - at))
    if abs(nearest - at) > (_MEASURED_MS if latency_us else _NEAR_MS):
        return False
    same.remove(nearest)
    return True


def _ms(result: StoredResult) -> int:
    return round(result.observed * 1000)
