"""Lists in pages: at most `limit` entries, and a cursor that asks for those after.

A cursor says where a page ended in words of its own, so that what is added or removed meanwhile
neither repeats an entry nor skips one that stays.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
MOST = 1000

Limit = Annotated[int, Meta(ge=1, le=MOST, description="entries of a page")]
Cursor = Annotated[str, Meta(max_length=500, description="`next` of the page before")]


class Paged(Struct, frozen=True, kw_only=True):
    """The query of a list that is short or in memory."""

    limit: Limit = MOST
    cursor: Cursor = ""


class _Mark(Struct, frozen=True, array_like=True):
    index: Annotated[int, Meta(ge=0)]
    id: str


def page(
    items: Sequence[T], id_of: Callable[[T], str], query: Paged
) -> tuple[tuple[T, ...], str | None]:
    """The page of `items` that is asked for, and the cursor of the next one.

    It goes on after the entry that the last page ended with; where that is gone, from its place.
    """
    start = 0
    if query.cursor:
        mark = opened(query.cursor, _Mark)
        start = next(
            (place + 1 for place, item in enumerate(items) if id_of(item) == mark.id), mark.index
        )
    chosen = tuple(items[start : start + query.limit])
    after = start + len(chosen)
    if not chosen or after >= len(items):
        return chosen, None
    return chosen, sealed(_Mark(after, id_of(chosen[-1])))


def sealed(mark: Struct) -> str:
    """A cursor that holds `mark`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).rstrip(b"=").decode()


M = TypeVar("M", bound=Struct)


def opened(cursor: str, kind: type[M]) -> M:
    """What a cursor holds. Raises BadRequest for one that was not given here."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise BadRequest("cursor", "must be the `next` of a page of this list") from None
