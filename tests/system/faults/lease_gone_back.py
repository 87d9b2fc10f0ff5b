"""Row 30: the database comes back with an older lease."""

from __future__ import annotations

from tests.system.faults.fault import Fault, Ground
from tests.system.several import TENTH, several
from tests.system.waiting import until


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = TENTH
    async with several(town, 2) as leaders:
        await leaders.one_acts()
        old = leaders.ask("SELECT holder, epoch, beat, highest FROM lease")[0]
        for _ in range(2):  # some epochs further
            holder = await leaders.one_acts()
            holder.pause()
            await leaders.one_acts(but=holder)
            holder.resume()
            await leaders.stands_by(holder)
        used = _epoch(leaders.ask("SELECT epoch FROM lease"))
        leaders.ask(
            f"UPDATE lease SET holder = '{old[0]}', epoch = {old[1]}, beat = {old[2]},"
            f" highest = {old[3]}"
        )
        # what was written until then was by right
        leaders.ask("DELETE FROM writes")

        def is_above() -> bool:
            return _epoch(leaders.ask("SELECT epoch FROM lease")) > used

        await until("the lease is taken above every epoch that was used", is_above)
        await leaders.one_acts()
        new = _epoch(leaders.ask("SELECT epoch FROM lease"))
    assert used > old[1]
    return f"epoch {used} was acted under, {old[1]} came back, {new} was taken"


def _epoch(rows: list[tuple[int, ...]]) -> int:
    return rows[0][0]


FAULT = Fault(
    row="30",
    name="older lease comes back",
    what="PostgreSQL goes on with an older row of the lease, as after a restore",
    expected="the holder steps down; the new epoch is above every epoch ever used",
    run=run,
)
