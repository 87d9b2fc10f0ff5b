"""The terminal UI on a real leader, in one process: keys are pressed, rows are read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import look, raw
from tests.leader.serving import serving
from tests.system.waiting import until
from uptop_core.wire import ResultsBatch
from uptop_leader.api.app import build_app
from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader, Leaders
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.maintenance import Maintenance

SIZE = (120, 40)
WITHIN_S = 60.0  # on a machine that has other things to do as well


class Seat:
    """Somebody before the screen, and the leader behind it, whose engine runs."""

    def __init__(self, desk: Desk, app: UptopApp, pilot: Pilot[KeptLeader]) -> None:
        self.desk = desk
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and let the screen take them."""
        await self.pilot.press(*keys)

    async def type(self, words: str) -> None:
        """Write into what has the focus."""
        names = {" ": "space", "/": "slash", ":": "colon", "-": "minus", ".": "full_stop"}
        await self.pilot.press(*(names.get(letter, letter) for letter in words))

    async def until(self, what: str, ask: Callable[[], object]) -> None:
        """Wait until it is so."""
        await until(what, ask, WITHIN_S)

    async def sees(self, node: str, monitor: str = "m", up: bool = True, **facts: Any) -> None:
        """A probe that has registered reports one look that began just now."""
        helm = self.desk.helm
        result = raw(look(monitor, up, seq=helm.seq(node), **facts))
        await helm.engine.submit(ResultsBatch(node_id=node, instance="one", results=result))

    async def goes_down(self, node: str, monitor: str = "m") -> None:
        """A probe sees it down, and confirms it."""
        helm = self.desk.helm
        await self.sees(node, monitor, up=False)
        while (run := helm.state(monitor).run) is not None:
            helm.clock.at += 5
            await self.sees(node, monitor, up=False, recheck=run.recheck)

    async def comes_up(self, node: str, monitor: str = "m") -> None:
        """A probe sees it up again, and confirms it."""
        helm = self.desk.helm
        helm.clock.at += 5
        await self.sees(node, monitor)
        while (run := helm.state(monitor).run) is not None:
            helm.clock.at += 5
            await self.sees(node, monitor, recheck=run.recheck)

    @property
    def rows(self) -> Rows:
        """The table of the screen on top."""
        return self.app.screen.query_one(Rows)

    def shown(self, column: str = "name") -> list[str]:
        """What one column of it says, from top to bottom."""
        rows = self.rows
        return [rows.words(id)[column] for id in rows.ids]


@contextlib.asynccontextmanager
async def seated(
    folder: Path,
    *things: Monitor | Channel | Maintenance,
    probes: tuple[str, ...] = ("p",),
    role: str = "editor",
    size: tuple[int, int] = SIZE,
    leaders: Leaders | None = None,
    app_of: type[UptopApp] = UptopApp,
    **settings: Any,
) -> AsyncIterator[Seat]:
    """Before the overview, live, of a leader that has these things and these probes."""
    async with at_the_desk(folder / "uptop.db", *things, **settings) as desk:
        for probe in probes:
            await desk.helm.register(probe, region=f"region-{probe}")
        async with (
            serving(build_app(desk.helm.leader)) as url,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(desk.helm.engine.run)
            app = app_of(KeptLeader(url=url, token=role, name="here"), leaders=leaders)
            async with app.run_test(size=size) as pilot:
                seat = Seat(desk, app, pilot)
                await seat.until("live", lambda: app.picture.connection.is_live)
                await pilot.pause()
                yield seat
            tasks.cancel_scope.cancel()
            desk.helm.leader.live.close()
