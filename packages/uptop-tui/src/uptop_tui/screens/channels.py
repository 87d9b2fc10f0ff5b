"""The channels: where people are told, and whether messages get through."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_core.views import ChannelView
from uptop_tui.channels import COLUMNS, about, cells, used_by
from uptop_tui.screens import editing
from uptop_tui.screens.set_up import SetUpPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.content import Content

    from uptop_core.api_answers import Tested
    from uptop_core.api_client import Where
    from uptop_tui.screens.table import Cells


class ChannelsPage(SetUpPage[ChannelView]):
    """Every channel in a row, and below all that is known of the one the cursor is on."""

    TITLE = "Channels"
    HELP: ClassVar[str] = (
        "A channel is where people are told. HEALTH says whether messages get through: it fails since "
        "the first message that did not, after the last one that did. FALLBACK is told as well when "
        "it fails for good, or for 5 minutes. t sends a test message and says what came of it."
    )
    WHERE: ClassVar[Where] = "channels"
    NOUN = "channel"
    COLUMNS = COLUMNS
    EMPTY = "nobody is told yet"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "test", "Test")]
    FOR_EDITORS = SetUpPage.FOR_EDITORS | {"test"}

    async def ask(self) -> Sequence[ChannelView]:
        return (await self.uptop.client.channels()).channels

    async def added(self) -> str:
        return await editing.add_channel(self.uptop)

    def cells(self, one: ChannelView) -> Cells:
        used = len(used_by(one.id, self.uptop.picture.monitors.values()))
        return cells(one, self._names(), used, self.uptop.now())

    def about(self, one: ChannelView) -> Content:
        monitors = self.uptop.picture.monitors.values()
        return about(one, self._names(), monitors, self.uptop.now())

    def commands(self) -> Iterable[SystemCommand]:
        yield from super().commands()
        if self.uptop.role != "viewer" and self.current is not None:
            yield SystemCommand("Test the channel (t)", "send a message to it", self.action_test)

    def action_test(self) -> None:
        """Send a test message by the one at the cursor."""
        app, one = self.uptop, self.current
        if one is None:
            self.nothing_here()
            return
        name = escape(one.name, 60)
        app.tell(f"{name}: a test message is on its way …")

        def said(tested: Tested) -> str:
            self._read.again(now=True)
            if tested.ok:
                return f"{name}: the test message got through"
            app.tell(f"{name}: {escape(tested.error, 300)}", is_error=True)
            return ""

        app.do(lambda: app.client.test_channel(one.id), said)

    def _names(self) -> dict[str, str]:
        return {id: one.name for id, one in self.found.items()}
