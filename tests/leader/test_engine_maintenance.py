"""Maintenance over what is judged: nobody is told within it, and the truth when it ends."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook
from tests.leader.store_samples import NOON
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.monitors import Monitor
from uptop_leader.maintenance import Maintenance
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

BEGINS, ENDS = NOON + 300, NOON + 900


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def planned(**facts: Any) -> Maintenance:
    """A maintenance of the monitor `m` from BEGINS to ENDS."""
    chosen = {"monitors": ("m",)} if not facts.keys() & {"groups", "tags", "all"} else {}
    times = {"start": BEGINS, "end": ENDS}
    return Maintenance(**{"id": "w", "name": "Upgrade", **times, **chosen, **facts})


async def until(helm: Helm, at: float, *, up: bool = True) -> None:
    """Time passes, in which the probe sees the monitor so, and every other one up."""
    while helm.clock.at < at:
        await helm.wait(min(30, at - helm.clock.at))
        for monitor in helm.world.assigned:
            if helm.world.monitors[monitor].check.runs:
                await helm.sees("p", monitor, up=up or monitor != "m")


async def begun(helm: Helm) -> None:
    """A monitor that was up before its maintenance began."""
    await helm.register("p")
    await helm.sees("p")
    await until(helm, BEGINS)


async def recovers(helm: Helm, monitor: str = "m") -> None:
    await helm.sees("p", monitor)
    while helm.state(monitor).run is not None:
        await helm.wait(6)
        await helm.answers("p", monitor)


async def test_it_lies_over_the_belief_while_it_lasts(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        state = helm.state()
        assert (state.status, state.shown) == (Status.UP, Status.MAINTENANCE)
        assert state.shown_since == BEGINS
        await until(helm, ENDS - 1)
        assert helm.state().shown is Status.MAINTENANCE
        await helm.wait(1)
        assert helm.state().shown is Status.UP
        assert notes(helm) == []


async def test_checks_go_on_and_an_incident_of_it_is_marked_and_told_to_nobody(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        (incident,) = helm.incidents()
        assert (incident.maintenance, incident.untold) == ("Upgrade", "maintenance")
        assert helm.state().belief is Belief.DOWN
        assert helm.state().shown is Status.MAINTENANCE
        assert notes(helm) == []


async def test_what_is_still_down_when_it_ends_is_told_then_and_once(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        await until(helm, ENDS - 1, up=False)
        assert notes(helm) == []
        await until(helm, ENDS + 120, up=False)
        assert notes(helm) == ["down"]
        await recovers(helm)
        assert notes(helm) == ["down", "up"]
        assert helm.state().belief is Belief.UP


async def test_what_recovered_within_it_is_not_told(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        await recovers(helm)
        await until(helm, ENDS + 300)
        assert notes(helm) == []
        (incident,) = helm.incidents()
        assert incident.cause == "recovered"


async def test_the_end_of_a_known_outage_is_told_when_it_ends(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.goes_down("p")
        assert notes(helm) == ["down"]
        await until(helm, BEGINS + 60, up=False)
        await recovers(helm)
        ended = helm.incidents()[0].ended
        assert notes(helm) == ["down"]
        await until(helm, ENDS)
        assert notes(helm) == ["down", "up"]
        assert helm.incidents()[0].ended == ended


async def test_a_known_outage_that_goes_on_is_not_told_again(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.goes_down("p")
        await until(helm, ENDS + 60, up=False)
        assert notes(helm) == ["down"]


async def test_unknown_that_lasts_is_told_when_it_ends(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned(end=NOON + 1500)) as helm:
        await begun(helm)
        while helm.clock.at < NOON + 1500:  # the probe is there, and looks no more
            assert helm.engine.assignments("p")
            assert notes(helm) == []
            await helm.wait(15, 5)
        assert helm.state().status is Status.UNKNOWN
        assert notes(helm) == ["unknown"]


async def test_a_certificate_is_warned_of_when_it_ends(path: Path) -> None:
    check = HttpCheck(url="https://m.example.com", check_ssl=True)
    async with at_the_helm(path, api(check=check), hook(), planned()) as helm:
        await begun(helm)
        soon = round((NOON + 86_400) * 1000)
        await helm.sees("p", cert_end=soon)
        await helm.wait(10)
        assert notes(helm) == []
        await until(helm, ENDS)
        assert notes(helm) == ["cert"]


async def test_its_time_is_left_out_of_uptime(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        await recovers(helm)
        await until(helm, NOON + 1200)
        uptime = helm.store.uptime(helm.clock.at, 1200)["m"]
        assert uptime.down_s == 0
        assert uptime.observed_s == pytest.approx(600, abs=1)


async def test_an_outage_over_its_edges_counts_outside_of_it(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await until(helm, BEGINS - 5)
        await helm.goes_down("p")  # fails 5 s before, and is confirmed 5 s after its beginning
        await until(helm, ENDS + 60, up=False)
        await recovers(helm)
        await until(helm, NOON + 1200)
        (incident,) = helm.incidents()
        assert incident.started == BEGINS - 5
        uptime = helm.store.uptime(helm.clock.at, 1200)["m"]
        assert uptime.down_s == pytest.approx(5 + (incident.ended or 0) - ENDS, abs=1)
        assert uptime.observed_s == pytest.approx(600, abs=1)


@pytest.mark.parametrize("chosen", [{"groups": ("g",)}, {"tags": ("blue",)}, {"all": True}])
async def test_it_may_be_for_groups_tags_or_all(path: Path, chosen: dict[str, Any]) -> None:
    group = Monitor(id="g", name="g", check=GroupCheck(), channels=("c",))
    things = api(parent="g", tags=("blue",)), api("other"), group, hook()
    async with at_the_helm(path, *things, planned(**chosen)) as helm:
        await begun(helm)
        await helm.goes_down("p")
        assert helm.state("m").shown is Status.MAINTENANCE
        expected = Status.MAINTENANCE if "all" in chosen else Status.UP
        assert helm.state("other").shown is expected
        assert notes(helm) == []
        group_is_in_it = "tags" not in chosen
        assert helm.state("g").shown is (Status.MAINTENANCE if group_is_in_it else Status.PAUSED)
        await until(helm, ENDS, up=False)
        assert sorted(notes(helm)) == ["down", "down"]
        assert helm.state("g").shown is Status.DOWN


async def test_a_group_leaves_out_members_in_maintenance(path: Path) -> None:
    group = Monitor(id="g", name="g", check=GroupCheck(), channels=("c",))
    things = api(parent="g"), api("other", parent="g"), group, hook()
    async with at_the_helm(path, *things, planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
        assert helm.state("g").status is Status.UP
        await until(helm, ENDS, up=False)
        assert helm.state("g").status is Status.DOWN


async def test_a_restart_within_it_forgets_nothing(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
    async with at_the_helm(path, at=BEGINS + 60) as helm:
        assert helm.state().shown is Status.MAINTENANCE
        await helm.register("p")
        await until(helm, ENDS, up=False)
        assert notes(helm) == ["down"]


async def test_a_leader_away_when_it_ended_looks_before_it_tells(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await begun(helm)
        await helm.goes_down("p")
    async with at_the_helm(path, at=ENDS + 600) as helm:
        await helm.register("p", instance="one")
        assert notes(helm) == []
        await recovers(helm)
        await until(helm, ENDS + 1200)
        assert notes(helm) == []
        assert helm.state().shown is Status.UP
        ends = [one for one in helm.store.transitions("m") if one.status_from is Status.MAINTENANCE]
        assert [one.at for one in ends] == [ENDS]


async def test_one_that_passed_while_the_leader_was_away_is_left_out_all_the_same(
    path: Path,
) -> None:
    async with at_the_helm(path, api(), hook(), planned()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.wait(60)
    async with at_the_helm(path, at=ENDS + 600) as helm:
        await helm.wait(100, 5)
        moves = [one for one in helm.store.transitions("m") if one.cause == "maintenance"]
        assert sorted(one.at for one in moves) == [BEGINS, ENDS]


async def test_touching_maintenances_are_one(path: Path) -> None:
    after = planned(id="x", name="Later", start=ENDS, end=ENDS + 300)
    async with at_the_helm(path, api(), hook(), planned(), after) as helm:
        await begun(helm)
        await helm.goes_down("p")
        await until(helm, ENDS + 200, up=False)
        assert helm.state().shown_since == BEGINS
        assert notes(helm) == []
        await until(helm, ENDS + 300, up=False)
        assert notes(helm) == ["down"]


def notes(helm: Helm) -> list[str]:
    """The events of everything in the outbox, sent or not, in their order."""
    with contextlib.closing(sqlite3.connect(str(helm.path))) as raw:
        rows = raw.execute("SELECT event FROM notification ORDER BY number").fetchall()
    return [event for (event,) in rows]
