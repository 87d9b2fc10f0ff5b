"""What a page reads of the leader beside the picture: again whenever it may have changed, one question
at a time, and not more often than the leader should be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from uptop_core.errors import LeaderError, LeaderRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_tui.screens.page import Page

T = TypeVar("T")
APART_S = 1.0
EVERY_S = 10
READING = "reading …"
"""What a table says that is empty: while it is not known what is in it, and where a filter is at work."""


class Reading(Generic[T]):
    """Reads for a page: `ask` the leader, then `show` what it said. What it refuses goes to `refused`
    as a sentence, and so does that it is away while nothing was read yet. Later nothing is said of
    that here, since the headline says so and what was read last stays. What nobody tells of is read
    every `every_s`, where the page calls `tick` each second.
    """

    def __init__(
        self,
        page: Page,
        ask: Callable[[], Awaitable[T]],
        show: Callable[[T], None],
        refused: Callable[[str], None] | None = None,
        every_s: int = EVERY_S,
    ) -> None:
        self._page = page
        self._ask = ask
        self._show = show
        self._refused = refused
        self.has_read = False
        """Whether it was read, so that what is shown is what the leader said."""
        self._every_s = every_s
        self._ticks = 0
        self._is_wanted = False
        self._is_running = False
        self._soon = anyio.Event()

    def again(self, *, now: bool = False) -> None:
        """It may have changed. `now`: a person waits for it, so ask at once."""
        self._is_wanted = True
        if now:
            self._soon.set()
        if not self._is_running:
            self._is_running = True
            self._page.run_worker(self._run())

    def tick(self) -> None:
        """A second has passed."""
        self._ticks += 1
        if self._ticks % self._every_s == 0:
            self.again()

    async def _run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                self._soon = anyio.Event()
                await self._once()
                with anyio.move_on_after(APART_S):
                    await self._soon.wait()
        finally:
            self._is_running = False

    async def _once(self) -> None:
        try:
            said = await self._ask()
        except LeaderError as error:
            is_news = isinstance(error, LeaderRefused) or not self.has_read
            if is_news and self._refused is not None and self._page.is_composed:
                self._refused(str(error))
        else:
            self.has_read = True
            if self._page.is_composed:
                self._show(said)
