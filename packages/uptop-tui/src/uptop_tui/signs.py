"""How a status looks: a sign, a word and a style, so that no meaning rests on colour alone. Pure.

Styles name colours of the theme. Signs take one column in every terminal.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from uptop_core.escaping import escape


class Sign(NamedTuple):
    """What stands for a status."""

    sign: str
    word: str
    style: str


GOOD, WARNING, BAD, QUIET = "$text-success", "$text-warning", "bold $text-error", "$quiet"

STATUSES: dict[str, Sign] = {
    "DOWN": Sign("▼", "DOWN", BAD),
    "UNKNOWN": Sign("?", "UNKNOWN", WARNING),
    "PARTIAL": Sign("◐", "PARTIAL", WARNING),
    "LATE": Sign("◷", "LATE", WARNING),
    "DEGRADED": Sign("◆", "DEGRADED", WARNING),
    "PENDING": Sign("○", "PENDING", QUIET),
    "UP": Sign("●", "UP", GOOD),
    "MAINTENANCE": Sign("▣", "MAINTENANCE", "$text-accent"),
    "PAUSED": Sign("‖", "PAUSED", QUIET),
}
"""Every status of a monitor, in the order of how much it needs somebody."""

NODE_STATES: dict[str, Sign] = {
    "online": Sign("●", "online", GOOD),
    "offline": Sign("▼", "offline", BAD),
    "left": Sign("○", "left", QUIET),
}

_RANKS = {status: rank for rank, status in enumerate(STATUSES)}


def sign_of(status: str) -> Sign:
    """The sign of a status of a monitor or a state of a node; of one that is not known a `·`."""
    known = STATUSES.get(status) or NODE_STATES.get(status)
    return known or Sign("·", escape(status, 20), "")


def signed(status: str) -> Content:
    """A status as it stands in a table: `● UP`."""
    sign = sign_of(status)
    return Content.styled(f"{sign.sign} {sign.word}", sign.style)


def rank_of(status: str) -> int:
    """Its place in a list where what is worst comes first."""
    return _RANKS.get(status, len(_RANKS))
