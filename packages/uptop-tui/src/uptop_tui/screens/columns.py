"""Which columns of a table fit into a width, and how wide each is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GAP = 1


class Column(Struct, frozen=True, kw_only=True):
    """A column: at least `width` wide, and by its `share` of what is left wider.

    Where there is no room the columns with the highest `rank` are dropped first; those with rank 0
    stay. `right` is for numbers.
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
    spare = max(0, room - _needed(columns, kept))
    shares = sum(columns[index].share for index in kept)
    widths = []
    for index in kept:
        share = columns[index].share
        more = spare * share // shares if shares else 0
        spare, shares = spare - more, shares - share
        widths.append((index, columns[index].width + more))
    return widths


def _needed(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[index].width for index in kept) + GAP * max(0, len(kept) - 1)
