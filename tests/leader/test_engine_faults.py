"""The engine when the store cannot be written, and when a fault of our own shows itself."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import anyio
import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.leader.helms import api, at_the_helm, hook, look, raw
from uptop_core.wire import ResultsAnswer, ResultsBatch
from uptop_leader.inputs import Input
from uptop_leader.refusals import Behind
from uptop_leader.reports import Report
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.drafts import Draft

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the database."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


class Broken(Struct, frozen=True):
    """An input that meets a bug."""

    def enter(self, draft: Draft) -> object:
        raise KeyError("a bug")


async def test_while_the_store_is_locked_nodes_keep_their_results(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        states = dict(helm.world.states)
        helm.clock.at += 60
        with locked(path):
            with pytest.raises(Behind, match="cannot store"):
                await helm.report("p", look(up=False, seq=helm.seq("p")))
            assert helm.world.states == states
            assert helm.leader.health().status == "unavailable"
            assert "locked" in helm.leader.health().reason
        answer = await helm.report("p", look(up=False, seq=2))
        assert (answer.accepted, answer.duplicates) == (1, 0)
        assert helm.leader.health().status == "ok"
        assert helm.state().run is not None


async def test_nothing_is_believed_down_for_a_fault_of_the_store(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        with locked(path):
            for _ in range(8):
                await helm.wait(5)
                with pytest.raises(Behind):
                    await helm.report("p", look(seq=2))
            assert helm.leader.health().status == "unavailable"
        await helm.report("p", look(seq=2))
        assert helm.state().belief is Belief.UP
        assert helm.leader.health().status == "ok"
        assert helm.told() == []


async def test_health_stays_bad_while_nothing_comes_in_and_recovers_by_itself(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        with locked(path):
            with pytest.raises(Behind):
                await helm.report("p", look(seq=1))
            await helm.wait(3)
            assert helm.leader.health().status == "unavailable"
        await helm.wait(1)
        assert helm.leader.health().status == "ok"


async def test_what_was_due_while_the_store_was_away_is_judged_afterwards(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        with locked(path):
            await helm.wait(500, step=20)
            assert helm.state().status is Status.UP
        await helm.wait(400, step=5)
        assert helm.state().status is Status.UNKNOWN


async def test_a_configuration_that_cannot_be_followed_now_is_followed_later(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        helm.put(api(paused=True), api("new"))
        with locked(path), pytest.raises(Behind):
            await helm.follow()
        assert helm.state().status is Status.PENDING
        await helm.follow()
        assert helm.state().status is Status.PAUSED
        assert helm.state("new").status is Status.PENDING


async def test_a_bug_met_by_one_input_spares_all_others(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        answers: list[object] = []

        async def ask(entry: Input) -> None:
            try:
                answers.append(await helm.engine.ask(entry))
            except Behind as refusal:
                answers.append(refusal)

        batch = ResultsBatch(node_id="p", instance="one", results=raw(look(seq=1)))
        async with anyio.create_task_group() as tasks:
            for entry in (Broken(), Report(batch, helm.clock.at)):
                tasks.start_soon(ask, entry)
            await anyio.wait_all_tasks_blocked()
            await helm.engine.turn()
        refusal, answer = answers
        assert isinstance(refusal, Behind)
        assert "KeyError" in str(refusal)
        assert isinstance(answer, ResultsAnswer)
        assert answer.accepted == 1
        assert helm.engine.counters.faults == 1
        assert "a bug" in caplog.text
        assert helm.leader.health().status == "ok"


async def test_a_monitor_that_cannot_be_judged_spares_all_others_and_health_says_so(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_the_helm(path, api(), api("odd", aggregation="any-down"), hook()) as helm:
        await helm.register("p")
        await helm.sees("p", "odd")
        sane = helm.world.monitors["odd"]
        helm.world.monitors["odd"] = replace(sane, aggregation="no such strategy")
        await helm.sees("p")
        await helm.wait(100, step=5)
        assert helm.engine.faulty == {"odd"}
        assert "monitors that cannot be judged: 1" in helm.leader.health().reason
        assert helm.state().status is Status.UP
        assert "no such strategy" in caplog.text
        helm.world.monitors["odd"] = sane
        await helm.wait(100, step=5)
        assert helm.engine.faulty == set()
