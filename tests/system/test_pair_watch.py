"""Who looks at a pair sees what must not be."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import anyio
import pytest

from tests.system.history import History
from tests.system.pair_watch import PairWatch
from uptop_core.wire import Health

pytestmark = pytest.mark.anyio

ACTS, WAITS = Health(status="ok", epoch=3), Health(status="ok", epoch=3, active=False)


async def watched(
    folder: Path, leader: list[Health | None], follower: list[Health | None]
) -> PairWatch:
    """A watch that has been given these answers, the last of them again and again."""
    books = {}
    for name in ("leader", "follower"):
        with contextlib.closing(sqlite3.connect(folder / name)) as made, made:
            made.execute("CREATE TABLE meta (key, value)")
            made.execute("CREATE TABLE change (number)")
        books[name] = History(folder / name)

    async def says(answers: list[Health | None]) -> Health | None:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    watch = PairWatch(lambda: says(leader), lambda: says(follower), books)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.run)
        while watch.looks < 3:
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    return watch


async def test_one_at_work_is_as_it_should_be(tmp_path: Path) -> None:
    watch = await watched(tmp_path, [ACTS], [WAITS, None])
    watch.assert_held()
    assert [(one.who, one.acts) for one in watch.changes] == [("leader", True)]


async def test_two_at_work_are_seen(tmp_path: Path) -> None:
    watch = await watched(tmp_path, [ACTS], [ACTS])
    with pytest.raises(AssertionError, match="two at work"):
        watch.assert_held()


async def test_one_that_stops_while_it_is_looked_at_is_no_second_one(tmp_path: Path) -> None:
    (await watched(tmp_path, [ACTS, WAITS], [ACTS])).assert_held()


async def test_an_epoch_that_goes_back_is_seen(tmp_path: Path) -> None:
    watch = await watched(tmp_path, [ACTS, Health(status="ok", epoch=2)], [None])
    with pytest.raises(AssertionError, match="epoch 2 after 3"):
        watch.assert_held()


async def test_a_gap_in_the_log_is_seen(tmp_path: Path) -> None:
    watch = await watched(tmp_path, [ACTS], [WAITS])
    with contextlib.closing(sqlite3.connect(tmp_path / "leader")) as log, log:
        log.executemany("INSERT INTO change VALUES (?)", [(1,), (3,)])
    with pytest.raises(AssertionError, match="the log of the leader lacks"):
        watch.assert_held()
