"""The first lines of every page: where one is, what the state of everything is, and whether that is
how it is now or the last that was heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from uptop_core.escaping import escape
from uptop_tui.moments import moment, span
from uptop_tui.overview import Overview, status_line

if TYPE_CHECKING:
    from uptop_tui.picture import Connection, Picture

_STATES = {
    "connecting": ("○ connecting", "$text-warning"),
    "live": ("● live", "$text-success"),
    "away": ("▼ leader away", "bold $text-error"),
    "refused": ("▼ refused", "bold $text-error"),
}
_STANDS_BY = ("● live, stands by", "$text-warning")
"""Of a follower, and of one of several leaders that does not lead: what another one decided is shown."""
_ACTS = ("● live, acts for the leader", "$text-warning")
"""Of a follower that has taken over."""


class Headline(Static):
    """Title and connection on one line, the status line below, and a banner when nobody answers."""

    DEFAULT_CSS = """
    Headline {
        height: auto;
        background: $surface;
        padding: 0 1;
    }
    """

    def __init__(self, title: str) -> None:
        super().__init__("", markup=False)
        self._title = title
        self._shown = Content("")

    def name_it(self, title: str) -> None:
        """Another title, from the next time it is shown."""
        self._title = title

    def show(self, picture: Picture, leader: str, now: int) -> None:
        """Show the picture as it stands at `now` (Unix ms, by the leader's clock)."""
        connection = picture.connection
        words, style = _STATES[connection.state]
        me = picture.me
        if connection.is_live and me is not None and not me.active:
            words, style = _STANDS_BY
        elif connection.is_live and me is not None and me.place == "follower":
            words, style = _ACTS
        room = max(0, self.app.size.width - 2 - len(words))
        where = Content.styled(f"{self._title} · {leader}", "bold")
        where = where.truncate(max(1, room - 2), ellipsis=True)
        first = Content.assemble(where, " " * (room - where.cell_length), (words, style))
        shown = first.append("\n").append(self._second(picture, now))
        if not self._shown.is_same(shown):
            self._shown = shown
            self.update(shown)

    def _second(self, picture: Picture, now: int) -> Content:
        if not picture.connection.is_live and picture.connection.state != "connecting":
            return Content.styled(away(picture.connection, picture.as_of, now), "bold $text-error")
        if not picture.as_of:
            return Content("reading …")
        monitors, nodes = tuple(picture.monitors.values()), tuple(picture.nodes.values())
        return Content(status_line(Overview(monitors=monitors, nodes=nodes)))


def away(connection: Connection, as_of: int, now: int) -> str:
    """What is to be said while the leader cannot be heard."""
    since = f"{moment(connection.since, now)} ({span((now - connection.since) / 1000)})"
    heard = (
        f"shown is the last picture, of {moment(as_of, now)}"
        if as_of
        else "nothing has been heard yet"
    )
    what = "refused since" if connection.state == "refused" else "no leader since"
    return f"{what} {since}; {heard} — {escape(connection.sentence, 300)}"
