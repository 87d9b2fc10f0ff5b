"""The pages: the one table of what there is, under which key, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uptop_tui.screens.overview import OverviewPage
from uptop_tui.screens.settings import SettingsPage

if TYPE_CHECKING:
    from uptop_tui.screens.page import Page

ROLES = ("viewer", "editor", "admin")


class PageEntry(NamedTuple):
    """One page: the key that opens it, its name, its class, and the least role that sees it."""

    key: str
    name: str
    page: type[Page]
    about: str
    role: str = "viewer"

    def is_for(self, role: str) -> bool:
        """Whether somebody in this role may see it."""
        return role in ROLES and ROLES.index(role) >= ROLES.index(self.role)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("1", "overview", OverviewPage, "every monitor as it stands"),
    PageEntry("0", "settings", SettingsPage, "this terminal's: leaders and theme"),
)
"""In the order of their keys."""
