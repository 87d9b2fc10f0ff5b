"""Maintenance that people change while it lasts, or monitors within it: what holds at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook
from tests.leader.store_samples import OPERATOR
from uptop_leader.configuration import ConfigChange
from uptop_leader.states import Status

if TYPE_CHECKING:
    from pathlib import Path

from tests.leader.test_engine_maintenance import (
    BEGINS,
    ENDS,
    begun,
    notes,
    planned,
    recovers,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


async def test_one_that_is_taken_away_ends_at_once(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        with_out = ConfigChange(drop_maintenances=("w",))
        await amend(helm, with_out)
        assert helm.state().shown is Status.DOWN
        assert notes(helm) == ["down"]


async def test_one_that_is_made_in_its_time_begins_at_once(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await begun(helm)
        await helm.wait(60)
        await amend(helm, ConfigChange(put_maintenances=(planned(),)))
        state = helm.state()
        assert state.shown is Status.MAINTENANCE
        assert state.shown_since == helm.clock.at


async def test_pausing_in_it_closes_a_known_outage_at_once(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.goes_down("p")
        await until(helm, BEGINS + 60, up=False)
        await helm.change(api(paused=True))
        assert notes(helm) == ["down", "paused"]
        assert helm.state().shown is Status.PAUSED
        await helm.wait(ENDS - helm.clock.at, 10)
        assert notes(helm) == ["down", "paused"]


async def test_deleting_in_it_tells_of_the_recovery_that_nobody_knows(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.goes_down("p")
        await until(helm, BEGINS + 60, up=False)
        await recovers(helm)
        assert notes(helm) == ["down"]
        await amend(helm, ConfigChange(drop_monitors=("m",), drop_maintenances=("w",)))
        assert notes(helm) == ["down", "up"]


async def amend(helm: Helm, change: ConfigChange) -> None:
    """The configuration changes beside the running leader."""
    helm.store.change_config(change, OPERATOR, helm.clock.at)
    await helm.follow()
