"""Text from elsewhere, as it is shown."""

from __future__ import annotations

from uptop_core.escaping import escape


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed() -> None:
    assert escape("a\x1b[31m\r\n\u202eb", 100) == r"a\x1b[31m\r\n\u202eb"
    assert escape("a\u200db\xa0c", 100) == r"a\u200db\xa0c"  # nothing hides between letters
    assert escape("\u200d", 100) == r"\u200d"
    assert escape(b"\xff ok", 100) == r"\xff ok"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert escape("abcdef", 3) == "abc…"
    assert escape("ab\n", 3) == "ab…"


def test_names_stand_as_they_are_written_in_every_script() -> None:
    for name in ("監視　東京", "می\u200cخواهم", "ශ්\u200dරී ලංකා", "e\u0301clair", "שירות"):
        assert escape(name, 100) == name


def test_emoji_stand_side_by_side() -> None:
    assert escape("\U0001f469\u200d\U0001f4bb dev", 100) == "\U0001f469\U0001f4bb dev"
    assert escape("\u2764\ufe0f\u200d\U0001f525", 100) == "\u2764\ufe0f\U0001f525"
