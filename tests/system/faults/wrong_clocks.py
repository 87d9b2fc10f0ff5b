"""Row 14: wall clocks that are wrong, and stepped; machines that are suspended.

With real processes: the clocks of a probe and of the leader, a host that is suspended for 10 min
with all that runs on it (see `own_clock`), and one machine of several that stands still while the
others go on, for a tenth of that (SIGSTOP: there its monotonic clock goes on too). One machine of
several that is suspended for the whole 10 min is tried in virtual time.
"""

from __future__ import annotations

import signal
import time
from collections import Counter

import anyio

from tests.leader.test_clocks import (
    test_a_leader_that_was_suspended_tells_nothing_and_has_seen_nothing as leader_suspended,
)
from tests.leader.test_clocks import (
    test_a_suspended_probe_has_no_vote_when_it_is_back_and_no_incident as probe_suspended,
)
from tests.system.cluster import Cluster, site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.virtual import in_virtual_time
from tests.system.own_clock import OwnClock
from tests.system.processes import Process
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until

_PROBES = ("west", "east")
_HOUR_S = 3600.0
_SUSPENDED_S = 600.0
_STANDSTILL_S = {True: 60.0, False: 4.0}
_OFF_S = 1.5  # how far from its look a row may be: a check takes 1 s at most, a clock follows
_STORM = 3  # looks of one node within a second: the tick, and one that makes up for what was missed


class Machines:
    """A leader and two probes, each on a machine with clocks of its own, and what they look at."""

    def __init__(self, town: Cluster, target: Target, receiver: Receiver) -> None:
        self.town, self.target, self.receiver = town, target, receiver
        self.clocks = {
            name: OwnClock(town.folder / f"clock-of-{name}") for name in ("leader", *_PROBES)
        }
        self.slept_at = float("inf")

    def processes(self) -> dict[str, Process]:
        return {"leader": self.town.leader, **self.town.probes}

    async def start(self) -> None:
        town = self.town
        town.leader = Process("leader", self.clocks["leader"].arguments("leader"), town.folder)
        await town.start_leader(leader_checks="never")
        for name in _PROBES:
            arguments = self.clocks[name].arguments("probe")
            town.probes[name] = Process(name, arguments, town.folder)
            await town.start_probe(name, region=name)
        monitor = site(self.target)
        await town.apply({"alerts": [webhook(self.receiver)], "monitors": [monitor]})
        await town.status_comes("Site", "UP")
        await town.votes_come("Site", len(_PROBES))

    async def go_on(self, looks: int = 3) -> None:
        """Everybody looks some times more, and both votes are there."""
        await self.town.looks_come(self.target, each=looks)
        await self.town.votes_come("Site", len(_PROBES))

    async def stand_still(self, name: str, seconds: float) -> None:
        process = self.processes()[name]
        process.signal(signal.SIGSTOP)
        await anyio.sleep(seconds)
        process.signal(signal.SIGCONT)

    def sleep_all(self, seconds: float) -> None:
        """The host on which they all are is suspended."""
        for process in self.processes().values():
            process.signal(signal.SIGSTOP)
        for clock in self.clocks.values():
            clock.asleep_s += seconds
        self.slept_at = time.time()
        for process in self.processes().values():
            process.signal(signal.SIGCONT)

    def assert_every_row_is_at_its_look(self, asleep_s: float) -> float:
        """Rows and looks are the same, each at its time; the greatest difference in seconds."""
        looks = sorted(
            (look.node or "", look.at + (asleep_s if look.at > self.slept_at else 0))
            for look in self.target.looks
        )
        rows = sorted((row.node, row.at) for row in self.town.history.results())
        counts = Counter(node for node, _ in looks), Counter(node for node, _ in rows)
        assert counts[0] == counts[1], f"{counts[1]} rows of {counts[0]} looks"
        off = max(abs(look[1] - row[1]) for look, row in zip(looks, rows, strict=True))
        assert off < _OFF_S, f"a row is {off:.1f} s from its look"
        return off

    def assert_no_storm(self) -> None:
        for node in _PROBES:
            times = [look.at for look in self.target.looks if look.node == node]
            for start in times:
                storm = sum(start <= at < start + 0.9 for at in times)
                assert storm <= _STORM, f"{node} looked {storm} times within a second"


async def run(ground: Ground) -> str:
    town = ground.town
    machines = Machines(town, await town.target(), await town.receiver())
    west, leader = machines.clocks["west"], machines.clocks["leader"]
    west.wall_s = 90.0
    await machines.start()
    offset = await _shown_offset(town)
    for ahead in (-_HOUR_S, _HOUR_S, 0.0):
        west.wall_s = ahead
        await machines.go_on()
    for ahead in (_HOUR_S, -_HOUR_S, 0.0):
        leader.wall_s = ahead
        await machines.go_on(10 if ground.full else 3)

    still = _STANDSTILL_S[ground.full]
    await machines.stand_still("west", still)
    await machines.go_on()
    told = ["node_offline", "node_online"] if ground.full else []
    await until("what there is to tell is told", lambda: machines.receiver.events() == told)
    await machines.stand_still("leader", still)
    await machines.go_on()
    machines.sleep_all(_SUSPENDED_S)
    await machines.go_on(5)

    assert machines.receiver.events() == told, machines.receiver.events()
    assert await town.incidents() == ()
    assert town.history.moves("Site") == [("PENDING", "UP")]
    for probe in town.probes.values():
        await probe.stop()
    off = machines.assert_every_row_is_at_its_look(_SUSPENDED_S)
    machines.assert_no_storm()
    await in_virtual_time(town.folder, leader_suspended, probe_suspended)
    return (
        f"{offset} shown; {len(machines.target.looks)} looks, each in one row at most {off:.2f} s"
        f" from it; standstills of {still:g} s, a host asleep for {_SUSPENDED_S:g} s: no storm,"
        " nothing told of the site; one machine asleep for 10 min: virtual"
    )


async def _shown_offset(town: Cluster) -> str:
    """What the nodes view shows of the clock that is wrong from the start."""

    async def is_shown() -> bool:
        node = (await town.nodes())["west"]
        return node.is_clock_off and 89_000 < (node.offset_ms or 0) < 91_000

    await until("the wrong clock is shown", is_shown)
    return f"{((await town.nodes())['west'].offset_ms or 0) / 1000:+.1f} s"


FAULT = Fault(
    row="14",
    name="wrong-clocks",
    what="a probe's wall clock 90 s wrong, then stepped ± 1 h; the leader's ± 1 h; suspended",
    expected="corrected times in the store, no burst, no incident, no double run",
    run=run,
)
