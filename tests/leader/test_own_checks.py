"""The leader's own checks go the way of a probe's, proof of line included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import pytest

from tests.core.places import HERE, Place
from uptop_core.checks.http import HttpCheck
from uptop_core.clock import Clock
from uptop_core.constants import TimeConstants
from uptop_core.wire import Assignment, Assignments, ResultsBatch
from uptop_leader.nodes import Node
from uptop_leader.own_checks import OwnChecks

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.anyio


class OneNode:
    """An engine, and its world, that has this one node and keeps what it is handed."""

    def __init__(self, monitors: Sequence[Assignment]) -> None:
        self.world = self
        self.own = Node(id="leader", name="leader", region="", rank=0, joined=0.0, heard=0.0)
        self.constants = TimeConstants(answer=0.4, soon=0.05)
        self.results: list[dict[str, Any]] = []
        self.came = anyio.Event()
        self._monitors = tuple(monitors)

    def rechecks(self, node: str, etag: str) -> None:
        return None

    def assignments(self, node: str) -> tuple[str, Assignments]:
        return "one", Assignments(monitors=self._monitors)

    async def own_assignments_changed(self, etag: str) -> None:
        await anyio.sleep_forever()

    async def submit(self, batch: ResultsBatch) -> None:
        self.results += [msgspec.json.decode(result) for result in batch.results]
        if len(self.results) >= len(self._monitors):
            self.came.set()


async def results_of(hosts: int, *, cut: int, canary: bool = False) -> list[dict[str, Any]]:
    """What is handed to the engine when so many of the hosts are cut off; the canary is not."""
    places = [Place(f"127.0.0.{number + 1}") for number in range(hosts + 1)]
    for place in places[:cut]:
        place.cut = True
    async with anyio.create_task_group() as tasks:
        for place in places:
            await place.come(tasks)
        engine = OneNode(
            [
                Assignment(
                    id=place.address, name="", check=HttpCheck(url=place.url), timeout=0.2,
                    interval=3600, soon=True,
                )
                for place in places[:hosts]
            ]
        )  # fmt: skip
        own = OwnChecks(
            engine,  # type: ignore[arg-type]  # as much of one as is asked
            HERE,
            Clock(),
            concurrency=9,
            instance="one",
            canaries=[places[-1].url] if canary else (),
        )
        tasks.start_soon(own.run)
        with anyio.fail_after(5):
            await engine.came.wait()
        tasks.cancel_scope.cancel()
    return engine.results


async def test_a_leader_whose_hosts_all_fail_has_no_proof() -> None:
    results = await results_of(4, cut=4)
    assert {result["proof"] for result in results} == {"none"}


async def test_a_canary_proves_the_leaders_own_line() -> None:
    results = await results_of(4, cut=4, canary=True)
    assert {result["proof"] for result in results} == {"host"}


async def test_a_leader_with_two_hosts_needs_no_proof() -> None:
    results = await results_of(2, cut=2)
    assert [result.get("proof") for result in results] == [None, None]
