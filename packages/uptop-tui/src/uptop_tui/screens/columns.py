"""Which columns of a table fit into a width, and how wide each is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GAP = 1
LEAST = 6
"""No column is narrower."""


class Column(Struct, frozen=True, kw_only=True):
    """A column: at least `width` wide, and by its `share` of what is left wider.

    Where there is no room the columns with the highest `rank` are dropped first; those with rank 0
    stay, and are narrowed where that is not enough. `right` is for numbers.
    """

    key: str
    title: str
    width: int
    share: int = 0
    rank: int = 0
    right: bool = False


def fitted(
    columns: Sequence[Column], room: int, without: Collection[str] = ()
) -> list[tuple[int, int]]:
    """The indexes of the columns that fit, in their order, each with its width. Those `without` a
    word in them, named by their keys, take no room.
    """
    kept = [index for index, column in enumerate(columns) if column.key not in without]
    while _needed(columns, kept) > room:
        least = max(kept, key=lambda index: (columns[index].rank, index))
        if columns[least].rank == 0:
            break
        kept.remove(least)
    spare = room - _needed(columns, kept)
    if spare < 0:
        return _narrowed(columns, kept, -spare)
    shares = sum(columns[index].share for index in kept)
    widths = []
    for index in kept:
        share = columns[index].share
        more = spare * share // shares if shares else 0
        spare, shares = spare - more, shares - share
        widths.append((index, columns[index].width + more))
    return widths


def _narrowed(columns: Sequence[Column], kept: Sequence[int], by: int) -> list[tuple[int, int]]:
    """First what has a share of room to spare, the widest first; what is cut then says so."""
    widths = {index: columns[index].width for index in kept}
    for shared in (True, False):
        able = [index for index in kept if bool(columns[index].share) is shared]
        while by and able and widths[widest := max(able, key=widths.__getitem__)] > LEAST:
            widths[widest] -= 1
            by -= 1
    return list(widths.items())


def _needed(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[index].width for index in kept) + GAP * max(0, len(kept) - 1)
