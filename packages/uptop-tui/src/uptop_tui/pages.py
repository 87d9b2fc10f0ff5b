"""The pages: the one table of what there is, under which key, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uptop_tui.screens.channels import ChannelsPage
from uptop_tui.screens.incidents import IncidentsPage
from uptop_tui.screens.logs import LogsPage
from uptop_tui.screens.maintenance import MaintenancePage
from uptop_tui.screens.matrix import MatrixPage
from uptop_tui.screens.nodes import NodesPage
from uptop_tui.screens.overview import OverviewPage
from uptop_tui.screens.people import PeoplePage
from uptop_tui.screens.settings import SettingsPage
from uptop_tui.screens.sla import SlaPage

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
    PageEntry("2", "matrix", MatrixPage, "which place sees what, right now"),
    PageEntry("3", "incidents", IncidentsPage, "what went wrong, and who has taken it on"),
    PageEntry("4", "nodes", NodesPage, "who looks, from where, and how well they keep up"),
    PageEntry("5", "channels", ChannelsPage, "where people are told, and whether it gets through"),
    PageEntry("6", "maintenance", MaintenancePage, "when nobody is told, and of what"),
    PageEntry("7", "sla", SlaPage, "uptime, outages, MTTR and MTBF of 24 hours to a year"),
    PageEntry("8", "logs", LogsPage, "who did what, when, and from where", "admin"),
    PageEntry("9", "people", PeoplePage, "users, their roles and tokens", "admin"),
    PageEntry("0", "settings", SettingsPage, "this terminal's: leaders and theme"),
)
"""In the order of their keys."""
