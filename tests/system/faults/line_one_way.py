"""Row 23: the way between leader and follower is cut one way only, first the one, then the other."""

from __future__ import annotations

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.line_between_cut import run_cut


async def run(ground: Ground) -> str:
    return await run_cut(ground, ("there",), ("back",))


FAULT = Fault(
    row="23",
    name="line-one-way",
    what="the same, one way only: what the follower asks is lost, or what the leader answers",
    expected="the same",
    run=run,
)
