"""FAULTS 14: wrong clocks and suspended machines make no incident, no burst, and no vote of a time
that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook, look
from uptop_leader.node_views import node_views
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


class WrongClock:
    """A probe whose wall clock is off. `ages` says whether it gives ages as well."""

    def __init__(self, helm: Helm, ahead: float, *, ages: bool) -> None:
        self.helm = helm
        self.ahead = ahead
        self.ages = ages
        helm.clock.at += 5  # it has had its monitors for so long

    async def looks(self, *, up: bool = True, ago: float = 1.0) -> None:
        """A look that began some time ago, with the wall clock as it was at that time."""
        helm = self.helm
        result: dict[str, Any] = {
            "monitor_id": "m",
            "is_up": up,
            "seq": helm.seq("p"),
            "checked_at": round((helm.clock.at - ago + self.ahead) * 1000),
        }
        if self.ages:
            result["age_ms"] = round(ago * 1000)
        sent_at = round((helm.clock.at + self.ahead) * 1000)
        await helm.report("p", result, sent_at=sent_at)


def observed(helm: Helm) -> float:
    """How long ago the vote of the probe was observed."""
    return helm.clock.at - helm.state().votes["p"].observed


@pytest.mark.parametrize("ages", [True, False])
@pytest.mark.parametrize("ahead", [90.0, -90.0, 86_400.0])
async def test_a_clock_that_is_off_is_corrected_and_shown(
    tmp_path: Path, ages: bool, ahead: float
) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        probe = WrongClock(helm, ahead, ages=ages)
        for _ in range(5):
            await probe.looks()
            assert observed(helm) == pytest.approx(1.0, abs=0.01)
            await helm.wait(60, step=5)
        assert helm.state().status is Status.UP
        views = node_views(helm.world.nodes, helm.leader.standings(), helm.clock.at)
        view = next(one for one in views if one.id == "p")
        assert [one.kind for one in view.troubles] == ["clock_off"]
        assert (view.offset_ms, view.is_clock_off) == (round(ahead * 1000), True)
        assert helm.told() == []


async def test_a_clock_that_steps_moves_no_vote_that_has_an_age(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        probe = WrongClock(helm, 90, ages=True)
        for ahead in (90, 90, 0, -3600, 3600):
            probe.ahead = ahead
            await probe.looks()
            assert observed(helm) == pytest.approx(1.0, abs=0.01)
            await helm.wait(60, step=5)
        assert helm.state().status is Status.UP
        assert helm.told() == []


async def test_a_result_of_a_moment_that_nobody_knows_is_history_and_no_vote(
    tmp_path: Path,
) -> None:
    """Without ages, at the exchange in which the clock has stepped."""
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        probe = WrongClock(helm, 0, ages=False)
        await probe.looks()
        began = helm.clock.at
        await helm.wait(60, step=5)
        probe.ahead = 90
        await probe.looks(up=False)
        assert helm.state().votes["p"].up
        assert helm.state().run is None
        rows = helm.store.results("m", began - 10, helm.clock.at + 10)
        assert [row.reason is None for row in rows] == [True, False]
        assert rows[1].observed == pytest.approx(helm.clock.at, abs=0.01)
        await helm.wait(30, step=5)
        await probe.looks(up=False)  # its clock is wrong, and has been so for a while
        assert not helm.state().votes["p"].up


async def test_a_leader_that_was_suspended_tells_nothing_and_has_seen_nothing(
    tmp_path: Path,
) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        began = helm.clock.at
        await helm.sees("p")
        helm.clock.at += 600
        await helm.engine.turn()
        state = helm.state()
        assert (state.status, state.belief, state.run) == (Status.UP, Belief.UP, None)
        for _ in range(5):
            await helm.sees("p")
            await helm.wait(60, step=5)
        assert helm.state().status is Status.UP
        assert helm.told() == []
        uptime = helm.store.uptime(helm.clock.at, helm.clock.at - began)["m"]
        assert (uptime.down_s, uptime.observed_s) == (0, 300)


async def test_a_suspended_probe_has_no_vote_when_it_is_back_and_no_incident(
    tmp_path: Path,
) -> None:
    """What it saw before is as old as it is; what it sees now counts."""
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        probe = WrongClock(helm, 0, ages=True)
        await probe.looks()
        await helm.wait(240, step=5)
        await probe.looks(up=False, ago=235)
        assert helm.state().votes["p"].up
        await probe.looks()
        await helm.wait(30, step=5)
        assert helm.state().status is Status.UP
        assert helm.told() == ["node_offline", "node_online"]


async def test_what_an_old_assignment_brings_moves_nothing(tmp_path: Path) -> None:
    """Paused, re-regioned or deleted since: history, no vote, no belief."""
    async with at_the_helm(
        tmp_path / "uptop.db", api("a"), api("b"), api("c"), api("d"), hook()
    ) as helm:
        await helm.register("p", "eu")
        for name in "abcd":
            await helm.sees("p", name)
        await helm.wait(20, step=5)
        await helm.change(api("a", paused=True), api("b", regions=("us",)), drop=("c",))
        await helm.change(api("d", paused=True))
        await helm.change(api("d"))
        states = {name: helm.state(name) for name in "abd"}
        await helm.wait(5, step=5)
        results = [
            {
                "monitor_id": name,
                "is_up": False,
                "reason": "status_mismatch",
                "age_ms": 10_000,
                "seq": helm.seq("p"),
            }
            for name in "abcd"
        ]
        answer = await helm.report("p", *results)
        assert (answer.accepted, answer.rejected) == (4, ())
        for name, state in states.items():
            assert helm.state(name).belief is state.belief
            assert helm.state(name).run is None
            assert all(vote.up for vote in helm.state(name).votes.values())
            assert len(helm.store.results(name, 0, 2e9)) == 2
        assert "c" not in helm.world.states
        assert helm.told() == []
        late = [{**one, "age_ms": 0, "seq": helm.seq("p")} for one in results]
        answer = await helm.report("p", *late)
        assert (answer.accepted, len(answer.rejected)) == (1, 3)  # d is the probe's again


async def test_what_was_assigned_before_a_restart_is_still_known(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p", "eu")
        await helm.sees("p")
        await helm.change(api(regions=("us",)))
        await helm.wait(10, step=5)
        at = helm.clock.at
    async with at_the_helm(path, at=at + 30) as again:
        await again.register("p", "eu", instance="two")
        result = {"monitor_id": "m", "is_up": False, "age_ms": 50_000}
        answer = await again.report("p", result, instance="two")
        assert (answer.accepted, answer.rejected) == (1, ())


async def test_what_came_while_the_leader_was_suspended_is_as_old_as_it_is(tmp_path: Path) -> None:
    """A batch that lay unread for ten minutes is history, not a vote of now; one that came just
    before the end is dated by when it was sent."""
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        for ahead in (0, -3600, 86_400):
            await helm.wait(60, step=1)
            await helm.sees("p")
            sent = helm.clock.at
            helm.clock.at += 600
            for lay in (600, 3):
                seen = look(up=False, seq=helm.seq("p"), age_ms=200)
                sent_at = round((helm.clock.at - lay + ahead) * 1000)
                await helm.report("p", seen, offset_ms=ahead * 1000, sent_at=sent_at)
            rows = helm.store.results("m", sent + 0.5 - 1, helm.clock.at)
            assert [round(row.observed - sent, 1) for row in rows] == [-0.2, 0.0, 596.8]
            assert observed(helm) == pytest.approx(3.2, abs=0.01)
            await helm.sees("p")
        assert helm.told() == []


async def test_a_slow_way_is_no_standstill(tmp_path: Path) -> None:
    """While the leader listens, ages count from the receipt, whatever the clocks say."""
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        await helm.wait(60, step=1)
        seen = look(up=True, seq=helm.seq("p"), age_ms=200)
        await helm.report("p", seen, offset_ms=0, sent_at=round((helm.clock.at - 30) * 1000))
        assert observed(helm) == pytest.approx(0.2, abs=0.01)
