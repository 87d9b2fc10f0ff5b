"""A probe that was away for hours delivers what it saw: history is right, and nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.runner import RanResult
from uptop_core.wire import Assignment, ResultsBatch
from uptop_leader.housekeeping import REPLAY_AFTER_S
from uptop_leader.states import Status
from uptop_leader.store.replays import Rulings
from uptop_probe.spool import Batch, Spool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

HOUR = 3600.0
MONITORS = [f"m{number:02}" for number in range(83)]  # 83 a minute are 5 000 an hour
RULINGS = Rulings(cluster=str(NAMESPACE_DNS), strategy="any-down", silence_s=300, unknown_s=300)


class Away:
    """A probe that goes on looking while no leader hears it, and keeps what it sees."""

    def __init__(self, helm: Helm, capacity: int = 50_000) -> None:
        self.helm = helm
        self.spool = Spool(capacity)
        self.finished = 0

    def look(self, *down: str) -> None:
        """One look at each monitor, now."""
        for monitor in MONITORS:
            check = self.helm.world.monitors[monitor].check
            reason = Reason.STATUS_MISMATCH if monitor in down else None
            outcome = Outcome(up=reason is None, reason=reason, timings=Timings(total_ns=5_000_000))
            assignment = Assignment(id=monitor, name=monitor, check=check)
            now = self.helm.clock.at
            self.spool.add(
                RanResult(assignment=assignment, outcome=outcome, began=now, began_wall=now)
            )
            self.finished += 1

    async def deliver(self) -> Batch:
        """One batch, as the reporter sends it."""
        batch = self.spool.batch(self.helm.clock.at)
        answer = await self.helm.during(
            lambda: self.helm.engine.submit(
                ResultsBatch(
                    node_id="p",
                    instance="one",
                    results=batch.results,
                    dropped=batch.dropped,
                    dropped_total=self.spool.lost,
                )
            )
        )
        assert answer.accepted == len(batch.seqs)
        have = answer.have["one"]
        now = self.helm.clock.at
        self.spool.acknowledge(batch, peer="leader", have=have, rejected=(), now=now)
        return batch

    async def deliver_all(self) -> None:
        while len(self.spool):
            await self.deliver()


async def away(helm: Helm, probe: Away, minutes: int, outage: range) -> None:
    """The leader hears nothing for so long; `m00` is down in the minutes of the outage."""
    for minute in range(minutes):
        await helm.wait(60, step=8)
        probe.look(*(["m00"] if minute in outage else []))


def replay(helm: Helm) -> int:
    monitors = dict(helm.world.monitors)
    helm.clock.at += REPLAY_AFTER_S
    return helm.store.replay(monitors, RULINGS, helm.clock.at, REPLAY_AFTER_S)


@pytest.mark.slow
async def test_six_hours_away_are_delivered_live_first_and_told_to_nobody(tmp_path: Path) -> None:
    monitors = [api(name) for name in MONITORS]
    async with at_the_helm(tmp_path / "uptop.db", *monitors, hook()) as helm:
        await helm.register("p")
        probe = Away(helm)
        probe.look()
        await probe.deliver_all()
        began = helm.clock.at
        await away(helm, probe, 360, range(120, 180))
        assert {helm.state(name).status for name in MONITORS} == {Status.UNKNOWN}
        before = helm.told()

        await probe.deliver()  # its first batch holds what is live
        assert {helm.state(name).status for name in MONITORS} == {Status.UP}
        await probe.deliver_all()
        assert helm.engine.counters.results == probe.finished == 83 * 361
        assert replay(helm) == 83
        assert "down" not in helm.told()
        assert set(helm.told()) - set(before) <= {"online", "back", "up"}

        stored = sum(len(helm.store.results(name, 0, 2e9)) for name in MONITORS)
        assert stored == probe.finished
        end = helm.clock.at
        uptimes = helm.store.uptime(end, end - began)
        assert uptimes["m00"].down_s == 60 * 60
        assert uptimes["m01"].down_s == 0
        for uptime in uptimes.values():
            assert uptime.observed_s == pytest.approx(end - began, abs=61)
        (found,) = helm.incidents()
        assert (found.late, found.started) == (True, began + 121 * 60)


async def test_what_a_full_spool_lost_stays_unobserved(tmp_path: Path) -> None:
    """Of 40 minutes the spool holds the last 20."""
    monitors = [api(name) for name in MONITORS]
    async with at_the_helm(tmp_path / "uptop.db", *monitors, hook()) as helm:
        await helm.register("p")
        probe = Away(helm, capacity=20 * 83)
        probe.look()
        await probe.deliver_all()
        began = helm.clock.at
        await away(helm, probe, 40, range(5, 15))
        await probe.deliver_all()
        replay(helm)
        assert helm.world.nodes["p"].record.dropped == 20 * 83
        assert helm.engine.counters.results == probe.finished - 20 * 83
        end = helm.clock.at
        uptime = helm.store.uptime(end, end - began)["m00"]
        # the vote of before counted for 80 s, the next that was kept is 21 min after it
        assert uptime.observed_s == pytest.approx(end - began - 21 * 60 + 80, abs=1)
        assert uptime.down_s == 0
        assert helm.incidents() == []


async def test_results_of_a_restart_fill_its_gap(tmp_path: Path) -> None:
    """The leader is away for ten minutes, the probe is not."""
    path = tmp_path / "uptop.db"
    async with at_the_helm(path, *(api(name) for name in MONITORS), hook()) as helm:
        await helm.register("p")
        probe = Away(helm)
        probe.look()
        await probe.deliver_all()
        began = helm.clock.at
    async with at_the_helm(path, at=began + 600) as again:
        again.store.gap(began, began + 600)
        probe.helm = again
        for minute in range(1, 11):
            again.clock.at = began + 60 * minute
            probe.look(*(["m00"] if minute in (4, 5, 6) else []))
        await again.register("p")
        await probe.deliver_all()
        assert replay(again) == 83
        uptimes = again.store.uptime(again.clock.at, again.clock.at - began)
        assert {round(uptime.observed_s / uptime.window_s, 2) for uptime in uptimes.values()} == {
            1.0
        }
        assert uptimes["m00"].down_s == 180
        assert again.told() == []
