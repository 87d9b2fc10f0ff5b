"""Row 29: the holder of the lease falls into a black hole with a transaction open, again and again."""

from __future__ import annotations

import time

from tests.system.faults.fault import Fault, Ground
from tests.system.several import IN_TRANSACTION, TENTH, Several, several
from tests.system.waiting import until

_LEADERS = 8


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = TENTH
    times = 100 if ground.full else 5
    async with several(town, _LEADERS) as leaders:
        took = [await taken_over(leaders) for _ in range(times)]
        epochs = leaders.ask("SELECT count(DISTINCT epoch) FROM writes")[0][0]
    took.sort()
    return (
        f"{times} times, {_LEADERS} leaders, a tenth of the times: one winner each, nothing written"
        f" by another in {epochs} terms; {took[len(took) // 2]:.1f} s (median; most {took[-1]:.1f})"
    )


async def taken_over(leaders: Several) -> float:
    """Have the holder fall into a hole within a transaction, and another one take over; how long
    that took."""
    holder = await leaders.one_acts()
    holder.relay.trap(IN_TRANSACTION)
    await until("the hole is open", lambda: holder.relay.is_hole)
    began = time.monotonic()
    await leaders.one_acts(but=holder)
    took = time.monotonic() - began
    holder.relay.heal()
    await leaders.stands_by(holder)
    return took


FAULT = Fault(
    row="29",
    name="holder black-holed in a transaction",
    what="eight leaders on one PostgreSQL; the way of the one that acts becomes a black hole while a"
    " transaction of its is open",
    expected="one winner each time, what was open is rolled back, nothing is written by who lost it",
    run=run,
)
