"""Row 17: two processes with one node id."""

from __future__ import annotations

from tests.system.faults.fault import Fault, Ground, watched
from tests.system.processes import Process
from tests.system.waiting import until


async def run(ground: Ground) -> str:
    town = ground.town
    site = await watched(ground, "west", "east")
    transitions = town.history.transitions()
    second = Process("west-again", ["-m", "uptop_probe"], town.folder)
    town.probes["west-again"] = second
    second.start(
        {
            "UPTOP_PEER_URL": town.url,
            "UPTOP_NODE_ID": "west",
            "UPTOP_NODE_REGION": "west",
            "UPTOP_CLUSTER_SECRET": town.leader_environment()["UPTOP_CLUSTER_SECRET"],
            "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
            "UPTOP_TIMINGS": town.timings,
        }
    )
    await until("the second is refused", lambda: "another live process" in second.said())
    assert "'west'" in second.said()
    assert "ERROR" in second.said()
    await town.looks_come(site.target, each=2)
    assert "west-again" not in site.target.counts(), "the second one looks too"
    await town.probes["west"].stop()
    await until("the second gets in", lambda: site.target.counts()["west-again"] > 1)
    assert town.history.transitions() == transitions, "a monitor has changed"
    assert "node west" in town.leader.said()
    return "refused and named while the first lives, in when that has stopped; no monitor changed"


FAULT = Fault(
    row="17",
    name="two-of-one-id",
    what="two processes with one node id",
    expected="the second is refused and named",
    run=run,
)
