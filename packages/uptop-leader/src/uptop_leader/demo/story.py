"""The demo's script: everything up, an outage and its end, a job that is late, and a judgement of
whether it went as it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from uptop_leader.demo.monitors import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.demo.targets import Targets
    from uptop_leader.demo.watching import Seen

JOB = "Nightly backup"
_PUSH_S = 3.0
_CALM_S = 6.0
_OUTAGE_S = 14.0
_SILENCE_S = 9.0
_PAUSE_S = 90.0
_PATIENCE_S = 30.0


class Story:
    """Plays the script. `job_runs` says whether the job pushes."""

    def __init__(self, targets: Targets, seen: Seen, say: Callable[[str], None]) -> None:
        self.job_runs = True
        self.outages = 0
        self._targets = targets
        self._seen = seen
        self._say = say

    async def play(self) -> None:
        """Until cancelled: outage after outage, with a long calm between them."""
        await self._until(
            lambda: self._seen.status(SHOP) == "UP" and self._seen.status(JOB) == "UP"
        )
        while True:
            await anyio.sleep(_CALM_S)
            await self._outage()
            await self._late_job()
            await anyio.sleep(_PAUSE_S)

    async def _outage(self) -> None:
        self._say(f"─ the demo takes {SHOP} down ─")
        self._targets.shop_is_up = False
        await anyio.sleep(_OUTAGE_S)
        self._say(f"─ the demo repairs {SHOP} ─")
        self._targets.shop_is_up = True
        told = self._seen.told("up", SHOP)
        await self._until(
            lambda: self._seen.status(SHOP) == "UP" and self._seen.told("up", SHOP) > told
        )
        self.outages += 1

    async def _late_job(self) -> None:
        self._say(f"─ the job {JOB} stays silent for a while ─")
        self.job_runs = False
        await anyio.sleep(_SILENCE_S)
        self.job_runs = True

    async def push(self, push: Callable[[], object]) -> None:
        """The job: a heartbeat every few seconds."""
        while True:
            if self.job_runs:
                await push()  # type: ignore[misc]  # a coroutine function
            await anyio.sleep(_PUSH_S)

    async def _until(self, holds: Callable[[], bool]) -> None:
        with anyio.move_on_after(_PATIENCE_S):
            while not holds():  # noqa: ASYNC110  what it waits for happens in other processes
                await anyio.sleep(0.2)


def shortcomings(seen: Seen, outages: int) -> list[str]:
    """What did not go as it should have, in sentences; empty when all is well."""
    if outages == 0:
        return ["no outage was over in the time given (it takes about 40 s)"]
    found = []
    shop = [incident for incident in seen.incidents.values() if incident.name == SHOP]
    if len(shop) != outages:
        found.append(f"{outages} outages made {len(shop)} incidents")
    told = {event: seen.told(event, SHOP) for event in ("down", "up")}
    return found + [
        f"{outages} outages made {number} {event} messages"
        for event, number in told.items()
        if number != outages
    ]
