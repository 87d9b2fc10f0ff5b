"""Lines of a `text/event-stream` become events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from uptop_core.event_stream import EVENT_LIMIT, Event, EventTooLong, lines_of, read_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.splitlines():
        yield line


async def read(text: str) -> list[Event]:
    return [event async for event in read_events(lines(text))]


async def test_an_event_has_its_kind_its_id_and_the_thing_itself() -> None:
    (event,) = await read('event: monitor\nid: 7\ndata: {"name": "API: v2"}\n\n')
    assert (event.kind, event.id) == ("monitor", "7")
    assert event.read(dict[str, str]) == {"name": "API: v2"}


async def test_several_lines_of_data_are_one_thing() -> None:
    (event,) = await read('data: {"name":\ndata: "API"}\n\n')
    assert event.read(dict[str, str]) == {"name": "API"}


async def test_lines_are_whole_however_they_come() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a: \xc3", b"\xbc\r", b"\nb\n\nc\nd"):
            yield piece

    assert [line async for line in lines_of(pieces())] == ["a: ü", "b", "", "c"]


@pytest.mark.parametrize("piece", [b"data: x", b"data: x\n" * 1000, b"x\n" * 1000])
async def test_an_event_that_does_not_end_is_not_waited_for(piece: bytes) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2 * EVENT_LIMIT // len(piece) if b"\n" in piece else 4):
            yield piece if b"\n" in piece else piece * 300_000

    with pytest.raises(EventTooLong):
        [event async for event in read_events(lines_of(endless()))]


async def test_what_breaks_the_silence_is_no_event() -> None:
    assert await read(": still here\n\nretry: 1000\n\n") == []


async def test_an_event_that_was_cut_off_is_none() -> None:
    assert await read('event: monitor\ndata: {"id": 1}') == []


async def test_nothing_of_one_event_is_left_in_the_next() -> None:
    first, second = await read("event: node\nid: 1\ndata: 1\n\ndata: 2\n\n")
    assert (first.kind, first.id) == ("node", "1")
    assert second == Event("message", "", msgspec.Raw(b"2"))
