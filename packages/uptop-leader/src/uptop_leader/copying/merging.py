"""Results that come from the other node: which of them are new here. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.ingest import add_to_ranges
from uptop_leader.nodes import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_leader.changes import StoredResult

Ledgers = dict[tuple[str, str], Ledger]


def merge(
    results: Iterable[StoredResult],
    ledgers: Iterable[Ledger],
    known: Mapping[tuple[str, str], Ledger],
) -> tuple[list[StoredResult], Ledgers]:
    """The results that no ledger here has, and the ledgers as they are with them.

    What a result's node counted tells whether it is the same one; those that were not counted are
    matched by their rows when they are written. `ledgers` of the other node say as well which were
    refused there, so that they are not sent for ever.
    """
    ranges = {name: list(ledger.ranges) for name, ledger in known.items()}
    new = [result for result in results if _is_new(result, ranges)]
    touched: Ledgers = {}
    for other in ledgers:
        name = (other.node, other.instance)
        mine = ranges.setdefault(name, [])
        for first, last in other.ranges:
            join(mine, first, last)
        before = known.get(name, other)
        touched[name] = replace(
            before, ranges=tuple(mine), touched=max(before.touched, other.touched)
        )
    return new, touched


def _is_new(result: StoredResult, ranges: dict[tuple[str, str], list[tuple[int, int]]]) -> bool:
    if result.seq is None or not result.instance:
        return True
    mine = ranges.setdefault((result.node, result.instance), [])
    return add_to_ranges(mine, result.seq)


def join(ranges: list[tuple[int, int]], first: int, last: int) -> None:
    """Add [first, last] to sorted, disjoint, inclusive ranges."""
    kept = [(low, high) for low, high in ranges if high < first - 1 or low > last + 1]
    touching = [(low, high) for low, high in ranges if not (high < first - 1 or low > last + 1)]
    low = min([first, *(low for low, _ in touching)])
    high = max([last, *(high for _, high in touching)])
    ranges[:] = sorted([*kept, (low, high)])
