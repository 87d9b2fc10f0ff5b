"""The keys at the foot of a page. Where there is no room for all of them the least needed are left out
whole, and the one that opens the help says that there are more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.widgets import Footer
from textual.widgets._footer import FooterKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual import events
    from textual.app import ComposeResult

GAP = 1
EVERYWHERE = ("quit", "help", "command_palette")
"""The actions of the keys that every page has, the least needed first; they stand last."""


class Key(NamedTuple):
    """A key as it is shown, what it does in a word (may be empty), and its action."""

    name: str
    words: str
    action: str

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return len(self.name) + (1 + len(self.words) if self.words else 0)


def fitting(keys: Sequence[Key], room: int) -> list[Key]:
    """Those that fit, as short as they must be: the palette's key needs no word, `q` is known, and
    of the page's own keys the last go first. Some are never left out: the help, and the palette.
    """
    for step in _shortened(list(keys)):
        if _needed(step) <= room:
            return step
    return step


def _shortened(keys: list[Key]) -> Iterator[list[Key]]:
    yield keys
    keys = [one._replace(words="") if one.action == "command_palette" else one for one in keys]
    yield keys
    keys = [one for one in keys if one.action != "quit"]
    yield keys
    keys = [one._replace(words="More") if one.action == "help" else one for one in keys]
    for own in reversed([one for one in keys if one.action not in EVERYWHERE]):
        keys = [one for one in keys if one is not own]
        yield keys


def _needed(keys: Sequence[Key]) -> int:
    return sum(key.width for key in keys) + GAP * max(0, len(keys) - 1)


class Foot(Footer):
    """Textual's, within the width that there is."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        every = {
            widget.action: widget for widget in super().compose() if isinstance(widget, FooterKey)
        }
        keys = [Key(one.key_display, one.description, one.action) for one in every.values()]
        for key in fitting(keys, self.app.size.width):
            widget = every[key.action]
            widget.description = key.words
            yield widget

    def on_resize(self, _event: events.Resize) -> None:
        self.call_after_refresh(self.recompose)
