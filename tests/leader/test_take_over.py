"""A leader that begins on a copy of another one's database: what it takes over, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook
from tests.leader.store_samples import KEY, NOON, opened
from tests.leader.test_copying import copy_everything
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.states import Status
from uptop_leader.store.places import Place

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

TOKEN = "t" * 20
INTERVAL, GRACE = 1200.0, 300.0
JOB = Monitor(
    id="m",
    name="Backup",
    check=PushCheck(token=TOKEN, grace=GRACE),
    interval=INTERVAL,
    channels=("c",),
)


async def beats(helm: Helm) -> None:
    assert await helm.during(lambda: helm.leader.heartbeat(TOKEN, "success", ""))


def copied(tmp_path: Path) -> Path:
    """A follower has everything that the leader at `leader.db` has written."""
    path = tmp_path / "copy.db"
    with opened(tmp_path / "leader.db") as leader, opened(path, key=KEY) as copy:
        leader.put_place(Place(epoch=1, known=1, follower="f"))
        copy.copies.keep_log()
        copy_everything(leader, copy)
    return path


async def test_a_job_that_was_due_while_nobody_judged_is_unknown_and_down_one_round_later(
    tmp_path: Path,
) -> None:
    async with at_the_helm(tmp_path / "leader.db", JOB, hook()) as helm:
        await beats(helm)
        assert helm.state().status is Status.UP
    due = NOON + INTERVAL + GRACE
    async with at_the_helm(copied(tmp_path), at=due + 10) as helm:
        await helm.engine.turn()
        assert helm.state().status is Status.UNKNOWN
        assert "down" not in helm.told()
        await helm.wait(INTERVAL + GRACE + 1, step=3)
        assert helm.state().status is Status.DOWN
        assert helm.told().count("down") == 1


async def test_a_job_that_beats_after_a_take_over_was_never_down(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "leader.db", JOB, hook()) as helm:
        await beats(helm)
    async with at_the_helm(copied(tmp_path), at=NOON + 600) as helm:
        assert helm.state().status is Status.UP
        await helm.wait(INTERVAL - 650, step=3)
        await beats(helm)
        assert helm.state().status is Status.UP
        assert helm.told() == []


async def test_an_outage_that_was_told_is_not_told_again_and_its_end_is_told_once(
    tmp_path: Path,
) -> None:
    async with at_the_helm(tmp_path / "leader.db", api(max_retries=0), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.goes_down("p")
        assert helm.told() == ["down"]
    async with at_the_helm(copied(tmp_path), at=NOON + 60) as helm:
        await helm.register("p")
        await helm.wait(30)
        assert helm.told() == ["down"]
        await helm.sees("p")
        await helm.wait(10)
        assert helm.told() == ["down", "up"]
