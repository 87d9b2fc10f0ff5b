"""The one timer of a look."""

import asyncio
import time

import anyio
import pytest

from uptop_core.prober.deadline import Deadline

pytestmark = pytest.mark.anyio


async def test_what_is_done_in_time_is_left_alone() -> None:
    with Deadline(5):
        await anyio.sleep(0)
    await anyio.sleep(0)


async def test_what_is_not_done_in_time_is_cancelled_and_the_task_goes_on() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
        await anyio.sleep_forever()
    await anyio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_does_not_listen_is_told_again() -> None:
    told = 0
    with pytest.raises(TimeoutError), Deadline(0.01):
        while told < 2:
            try:
                await anyio.sleep_forever()
            except asyncio.CancelledError:
                told += 1
    assert told == 2


async def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="ours"), Deadline(5):
        raise ValueError("ours")


async def test_a_scope_inside_that_ends_first_is_its_own_matter() -> None:
    with Deadline(5):
        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught


async def test_a_task_group_inside_is_cut_off_whole() -> None:
    ended = []

    async def run(number: int) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(number)

    with pytest.raises(TimeoutError), Deadline(0.02):
        async with anyio.create_task_group() as group:
            group.start_soon(run, 1)
            group.start_soon(run, 2)
    assert sorted(ended) == [1, 2]


async def test_being_cancelled_from_outside_is_no_deadline() -> None:
    with anyio.move_on_after(0.01) as scope:
        with Deadline(5):
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_what_was_done_while_we_stood_still_is_done_in_time() -> None:
    """The answer is there, and nobody has read it yet."""
    answered = asyncio.Event()
    asyncio.get_running_loop().call_later(0.15, answered.set)
    with Deadline(0.3):
        await anyio.sleep(0)
        time.sleep(0.6)
        await answered.wait()
        await anyio.sleep(0.05)  # one more step that takes the target's time


async def test_standing_still_gives_no_time_without_end() -> None:
    with pytest.raises(TimeoutError), Deadline(0.3):
        while True:
            time.sleep(0.6)
            await anyio.sleep(0)
