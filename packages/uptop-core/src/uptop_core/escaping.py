"""Text from a target, made safe for a log, a terminal and a page."""

from __future__ import annotations


def escape(text: str | bytes, limit: int) -> str:
    r"""`text` in at most about `limit` characters, with everything that is not printable escaped.

    Bytes are read as UTF-8 where they are UTF-8. Control characters, terminal escapes, marks that
    turn the direction of writing, and line ends become `\n`, `\x1b`, `\u202e`.
    """
    if isinstance(text, bytes):
        text = text[: limit * 4 + 4].decode("utf-8", "backslashreplace")
    shown: list[str] = []
    room = limit
    for character in text:
        piece = character if character.isprintable() else _escaped(character)
        room -= len(piece)
        if room < 0:
            return "".join(shown) + "…"
        shown.append(piece)
    return "".join(shown)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
