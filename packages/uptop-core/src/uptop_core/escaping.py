"""Text from a target, made safe for a log, a terminal and a page."""

from __future__ import annotations

import unicodedata

_WIDE_SPACE = "\u3000"
_JOINERS = "\u200c\u200d"


def escape(text: str | bytes, limit: int) -> str:
    r"""`text` in at most about `limit` characters, with everything that is not printable escaped.

    Bytes are read as UTF-8 where they are UTF-8. Control characters, terminal escapes, marks that
    turn the direction of writing, and line ends become `\n`, `\x1b`, `\u202e`. What scripts need to
    be written right stays: the wide space of Chinese and Japanese, and what joins or parts letters;
    emoji stand side by side, since terminals do not agree on how wide joined ones are.
    """
    if isinstance(text, bytes):
        text = text[: limit * 4 + 4].decode("utf-8", "backslashreplace")
    shown: list[str] = []
    room, before = limit, ""
    for character in text:
        piece = character if character.isprintable() else _escaped(character, before)
        before = character
        room -= len(piece)
        if room < 0:
            return "".join(shown) + "…"
        shown.append(piece)
    return "".join(shown)


def _escaped(character: str, before: str) -> str:
    if character == _WIDE_SPACE:
        return character
    if character in _JOINERS and not before.isascii():
        return character if before.isalpha() or unicodedata.combining(before) else ""
    return character.encode("unicode_escape").decode("ascii")
