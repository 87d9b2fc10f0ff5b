"""The dead man's switch is pinged while the leader is well, and only then."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.receivers import client, http_receiver
from uptop_leader.deadman import DeadMansSwitch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.anyio


class Wellness:
    """How the leader is, and how often it was asked."""

    def __init__(self) -> None:
        self.well = True
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.well


@contextlib.asynccontextmanager
async def pinging(url: str) -> AsyncIterator[Wellness]:
    wellness = Wellness()
    async with client() as http, anyio.create_task_group() as tasks:
        tasks.start_soon(DeadMansSwitch(url, 0.01, wellness, http).run)
        yield wellness
        tasks.cancel_scope.cancel()


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not holds():
            await anyio.sleep(0.005)


async def test_it_is_asked_again_and_again_while_all_is_well() -> None:
    async with http_receiver() as receiver, pinging(f"{receiver.url}/ping/secret"):
        await until(lambda: len(receiver.received) >= 3)
        assert {(one.method, one.path) for one in receiver.received} == {("GET", "/ping/secret")}


async def test_nobody_is_told_that_all_is_well_when_it_is_not() -> None:
    async with http_receiver() as receiver, pinging(receiver.url) as wellness:
        await until(lambda: len(receiver.received) >= 1)
        wellness.well = False
        asked = wellness.asked
        await until(lambda: wellness.asked > asked + 1)
        before = len(receiver.received)
        await until(lambda: wellness.asked > asked + 5)
        assert len(receiver.received) == before
        wellness.well = True
        await until(lambda: len(receiver.received) > before)


async def test_a_failure_is_logged_once_without_the_url_and_so_is_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "uptop_leader.deadman")
    async with http_receiver() as receiver:
        receiver.status = 500
        async with pinging(f"{receiver.url}/secret"):
            await until(lambda: len(receiver.received) >= 3)
            receiver.status = 200
            await until(lambda: "reached again" in caplog.text)
    lines = [record.getMessage() for record in caplog.records if "deadman" in record.name]
    assert lines == [
        "the dead man's switch cannot be reached: it answered 500",
        "the dead man's switch is reached again",
    ]


async def test_a_switch_that_is_not_there_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with pinging("http://127.0.0.1:1/secret") as wellness:
        await until(lambda: wellness.asked >= 3)
    assert "no answer: ConnectError" in caplog.text
    assert "secret" not in caplog.text
