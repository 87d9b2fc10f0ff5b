"""What a loop waits for: a ring, or its time."""

from __future__ import annotations

import anyio
import pytest

from uptop_core.alarm import Alarm

pytestmark = pytest.mark.anyio


async def test_a_ring_ends_the_wait() -> None:
    alarm = Alarm()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(alarm.rings)
            await anyio.wait_all_tasks_blocked()
            alarm.ring()


async def test_a_ring_that_nobody_waits_for_is_kept_for_one_wait() -> None:
    alarm = Alarm()
    alarm.ring()
    alarm.ring()
    with anyio.fail_after(5):
        await alarm.rings()
    with anyio.move_on_after(0.01) as second:
        await alarm.rings()
    assert second.cancelled_caught


async def test_a_ring_that_ended_a_wait_is_not_kept() -> None:
    alarm = Alarm()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(alarm.rings)
        await anyio.wait_all_tasks_blocked()
        alarm.ring()
        alarm.ring()
    with anyio.move_on_after(0.01) as second:
        await alarm.rings()
    assert second.cancelled_caught


async def test_the_wait_ends_when_its_time_has_come() -> None:
    with anyio.fail_after(5):
        await Alarm().rings(within_s=0.001)


async def test_others_have_their_turn_though_it_rings_all_the_time() -> None:
    alarm, turns = Alarm(), []

    async def other() -> None:
        turns.append("other")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        while not turns:
            alarm.ring()
            await alarm.rings()


async def test_a_wait_that_was_cancelled_leaves_the_next_one_as_it_should_be() -> None:
    alarm = Alarm()
    with anyio.move_on_after(0.001):
        await alarm.rings(within_s=60.0)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(alarm.rings)
            await anyio.wait_all_tasks_blocked()
            alarm.ring()
