"""Row 7: a probe is killed and started again at once, again and again."""

from __future__ import annotations

import anyio

from tests.system.cluster import USUAL, Cluster
from tests.system.faults.fault import Fault, Ground, watched
from tests.system.waiting import until

_LIVE_S = {True: 20.0, False: 3.0}  # how long an instance counts as live: usual, quick
_ASKS_S = 5.0  # how often a second instance asks again, at most
_SLACK_S = 2.5  # starting a process, looking, reporting


async def run(ground: Ground) -> str:
    town = ground.town
    if ground.full:
        town.timings = USUAL
    site = await watched(ground, "west", "east")
    transitions = town.history.transitions()
    bound = _LIVE_S[ground.full] + _ASKS_S + _SLACK_S
    took = [await _restarted(town, bound) for _ in range(5 if ground.full else 2)]
    refusals = town.probes["west"].said().count("another live process")
    await town.looks_come(site.target, each=2)
    assert town.history.transitions() == transitions, "a monitor has changed"
    assert site.receiver.told == []
    seen = ", ".join(f"{seconds:.1f}" for seconds in took)
    return f"worked again after {seen} s; {refusals} lines of refusal; no monitor changed"


async def _restarted(town: Cluster, bound: float) -> float:
    """Kill, start again, wait for the first results: after how many seconds they came."""
    known, began = _instances(town), anyio.current_time()
    town.probes["west"].kill()
    town.restart_probe("west")
    await until("the new one reports", lambda: _instances(town) > known, bound)
    return anyio.current_time() - began


def _instances(town: Cluster) -> set[str]:
    return {ledger.instance for ledger in town.history.ledgers() if ledger.node == "west"}


FAULT = Fault(
    row="7",
    name="probe-restarted",
    what="a probe killed -9 and restarted at once, five times",
    expected="409 for at most 20 s, then works; no monitor changes",
    run=run,
)
