"""The maintenance page: what is planned, when it is next, and for which monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uptop_core.views import MaintenanceView
from uptop_tui.plans import COLUMNS, about, cells, ordered
from uptop_tui.screens import editing
from uptop_tui.screens.set_up import SetUpPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.content import Content

    from uptop_core.api_client import Where
    from uptop_tui.screens.table import Cells


class MaintenancePage(SetUpPage[MaintenanceView]):
    """Every maintenance in a row: what is now first."""

    TITLE = "Maintenance"
    HELP: ClassVar[str] = (
        "While a maintenance lasts nobody is told of what happens to its monitors; they are watched "
        "all the same. It is once, or again and again by the clocks of a time zone. An edit of one "
        "that is now may end it sooner: Lasts is counted from its start."
    )
    WHERE: ClassVar[Where] = "maintenance"
    NOUN = "maintenance"
    COLUMNS = COLUMNS
    EMPTY = "nothing is planned"

    async def ask(self) -> Sequence[MaintenanceView]:
        return ordered((await self.uptop.client.maintenance()).maintenance)

    async def added(self) -> str:
        return await editing.plan_maintenance(self.uptop)

    def cells(self, one: MaintenanceView) -> Cells:
        return cells(one, self.uptop.now())

    def about(self, one: MaintenanceView) -> Content:
        return about(one, self.uptop.picture.monitors, self.uptop.now())
