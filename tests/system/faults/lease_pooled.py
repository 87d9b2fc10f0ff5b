"""Row 29, behind pgbouncer in transaction mode: a black hole with a transaction open."""

from __future__ import annotations

from tests.pgbouncer import PROGRAM
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.lease_races import taken_over
from tests.system.several import TENTH, several

_LEADERS, _CONNECTIONS = 3, 8


async def run(ground: Ground) -> str:
    if PROGRAM is None:
        return "left out: pgbouncer is not installed"
    ground.town.timings = TENTH
    times = 20 if ground.full else 3
    async with several(ground.town, _LEADERS, pooled=_CONNECTIONS) as leaders:
        took = sorted([await taken_over(leaders) for _ in range(times)])
    return (
        f"{times} times, {_LEADERS} leaders on {_CONNECTIONS} connections: one winner each, nothing"
        f" written by another; {took[len(took) // 2]:.1f} s (median; most {took[-1]:.1f})"
    )


FAULT = Fault(
    row="29",
    name="holder black-holed behind a pool",
    what="the same with pgbouncer in transaction mode between leaders and PostgreSQL",
    expected="the same",
    run=run,
)
