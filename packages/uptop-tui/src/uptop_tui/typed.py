"""What is typed at the far end of a line, where any program may be that says it is a terminal: how much
of it is taken, and what of it is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual._xterm_parser import XTermParser

if TYPE_CHECKING:
    from textual.message import Message

PASTE_LIMIT = 64 * 1024  # characters
KEYS_AT_ONCE, KEYS_PER_S = 500, 200
"""How many keys and moves of the mouse are taken: nobody is faster, and what a program sends that is
would be kept until the app comes to it."""
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"


class Keys(XTermParser):
    """Reads what a terminal sends, which may be any program. It tells its size by other means, so
    what it says of that among the keys is not believed.
    """

    def parse_mouse_code(self, code: str) -> Message | None:
        self.mouse_pixels = False
        return super().parse_mouse_code(code)


class Typed:
    """How much comes in: of a paste, and of keys in a time."""

    def __init__(self, now: float) -> None:
        self._tail = ""
        self._pasted = 0
        self._room, self._at = float(KEYS_AT_ONCE), now

    @property
    def is_too_much(self) -> bool:
        """Whether a paste goes on that is longer than may be: all of it is kept until its end."""
        return self._pasted > PASTE_LIMIT

    def taken(self, text: str) -> str:
        """What is to be read of it: of a paste that is too long nothing any more."""
        was_too_much = self.is_too_much
        seen = self._tail + text
        begins, ends = seen.rfind(_PASTE_BEGINS), seen.rfind(_PASTE_ENDS)
        if max(begins, ends) >= 0:
            self._pasted = len(seen) - begins if begins > ends else 0
        elif self._pasted:
            self._pasted += len(text)
        self._tail = seen[1 - len(_PASTE_BEGINS) :]
        if self.is_too_much:
            return ""
        return seen[ends + len(_PASTE_ENDS) :] if was_too_much else text

    def has_room(self, now: float) -> bool:
        """Whether one more key is taken."""
        self._room = min(KEYS_AT_ONCE, self._room + (now - self._at) * KEYS_PER_S)
        self._at = now
        if self._room < 1:
            return False
        self._room -= 1
        return True
