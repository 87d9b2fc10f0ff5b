"""What a monitor depends on is rechecked when the monitor is in doubt: its next tick may be far."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook
from uptop_core.checks.push import PushCheck
from uptop_leader.states import Belief

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

CORE = api("core", interval=300.0)
ROUTER = api("router", interval=300.0, depends_on=("core",))
CHILD = api("child", depends_on=("router",))
FAMILY = (CORE, ROUTER, CHILD, hook())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def told(helm: Helm) -> list[tuple[str, str]]:
    """Whose news are in the outbox, in their order."""
    with contextlib.closing(sqlite3.connect(str(helm.path))) as database:
        rows = database.execute("SELECT monitor, event FROM notification ORDER BY number")
        return list(rows)


async def all_up(helm: Helm) -> None:
    """Two nodes see everything up; a minute goes by."""
    for node in ("a", "b"):
        await helm.register(node)
    for node in ("a", "b"):
        for monitor in helm.world.monitors:
            await helm.sees(node, monitor)
    await helm.wait(60)
    for node in ("a", "b"):
        await helm.sees(node, "child")
    await helm.wait(20)


def asked(helm: Helm, node: str) -> set[str]:
    """What the node is asked to recheck."""
    return {one.monitor_id for one in helm.world.assignments(node)[1].recheck}


async def test_all_that_a_monitor_in_doubt_depends_on_is_rechecked_by_every_node(
    path: Path,
) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        await helm.sees("a", "child", up=False)
        assert asked(helm, "a") == {"child", "router", "core"}
        assert asked(helm, "b") == {"child", "router", "core"}


async def test_a_dependency_seldom_looked_at_that_is_down_as_well_is_told_instead_of_its_child(
    path: Path,
) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        await helm.sees("a", "child", up=False)
        began = helm.clock.at
        await helm.wait(1)
        for monitor in ("router", "child"):
            await helm.answers("a", monitor, up=False)
        assert helm.state("child").belief is Belief.DOWN
        assert helm.state("router").belief is Belief.UP
        assert told(helm) == []
        await helm.wait(8)
        await helm.answers("a", "router", up=False)
        assert helm.state("router").belief is Belief.DOWN
        await helm.wait(50)
        assert told(helm) == [("router", "down")]
        by_name = {one.monitor: one for one in helm.incidents()}
        assert by_name["child"].child_of == by_name["router"].id
        assert began < by_name["router"].started <= began + 1


async def test_a_dependency_that_is_up_keeps_nobody_waiting(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        await helm.sees("a", "child", up=False)
        await helm.wait(1)
        for node in ("a", "b"):
            await helm.answers(node, "router")
            await helm.answers(node, "core")
        assert helm.state("router").run is None
        await helm.answers("a", "child", up=False)
        assert told(helm) == [("child", "down")]


async def test_a_dependency_that_nobody_answers_for_is_waited_for_so_long_and_no_longer(
    path: Path,
) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        await helm.sees("a", "child", up=False)
        await helm.wait(1)
        await helm.answers("a", "child", up=False)
        confirmed = helm.incidents()[0].confirmed
        await helm.wait(confirmed + 9.5 - helm.clock.at)
        assert told(helm) == []
        await helm.wait(1)
        assert told(helm) == [("child", "down")]


async def test_what_was_just_seen_up_everywhere_is_not_rechecked_for_a_doubt(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        for node in ("a", "b"):
            await helm.sees(node, "router")
        await helm.wait(5)
        await helm.sees("a", "child", up=False)
        assert asked(helm, "a") == {"child", "core"}


async def test_but_it_is_once_the_monitor_is_down_unless_it_was_seen_up_since(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        for node in ("a", "b"):
            await helm.sees(node, "router")
        await helm.wait(5)
        await helm.sees("a", "child", up=False)
        await helm.sees("a", "router")
        await helm.wait(1)
        await helm.answers("a", "child", up=False)
        assert helm.state("child").belief is Belief.DOWN
        assert "router" in asked(helm, "b")


async def test_the_way_back_of_a_monitor_asks_nobody_else(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm)
        await helm.goes_down("a", "child")
        await helm.wait(60)
        for node in ("a", "b"):
            await helm.sees(node, "router")
            await helm.sees(node, "core")
        await helm.wait(30)
        await helm.sees("a", "child")
        assert asked(helm, "b") == {"child"}


async def test_a_job_that_fails_has_what_it_depends_on_rechecked(path: Path) -> None:
    job = api("job", check=PushCheck(token="t" * 32), depends_on=("router",))
    async with at_the_helm(path, CORE, ROUTER, job, hook()) as helm:
        for node in ("a", "b"):
            await helm.register(node)
            await helm.sees(node, "router")
        await helm.during(lambda: helm.engine.signal("job", "success"))
        await helm.wait(20)
        await helm.during(lambda: helm.engine.signal("job", "fail"))
        await helm.engine.turn()
        assert helm.state("job").belief is Belief.DOWN
        assert asked(helm, "a") == {"router", "core"}
        assert told(helm) == []
