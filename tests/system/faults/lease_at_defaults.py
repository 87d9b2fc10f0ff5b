"""Row 29, at the usual times: a black hole with a transaction open, and another leader within 22 s."""

from __future__ import annotations

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.lease_races import taken_over
from tests.system.several import several

_WITHIN_S = 22.0


async def run(ground: Ground) -> str:
    ground.town.timings = ""
    async with several(ground.town, 3) as leaders:
        took = await taken_over(leaders)
    assert took <= _WITHIN_S, f"{took:.1f} s"
    return f"another one acts {took:.1f} s after the hole has opened"


FAULT = Fault(
    row="29",
    name="holder black-holed at usual times",
    what="the same once at the time constants of every day",
    expected="another one acts within 22 s",
    run=run,
)
