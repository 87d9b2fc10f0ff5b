"""What is wrong with a node, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.escaping import escape

if TYPE_CHECKING:
    from uptop_core.views import NodeView

_WORDS = {
    "blind": "blind, its own line is gone",
    "odd_one": "the odd one out, sees down what others see up",
    "offline": "offline",
    "two_of_one_id": "another process uses its id",
    "clock_off": "clock off",
}


def trouble_words(kind: str, node: NodeView) -> str:
    """One trouble: `clock 12.0 s ahead`."""
    if kind == "clock_off" and node.offset_ms is not None:
        direction = "ahead" if node.offset_ms > 0 else "behind"
        return f"clock {abs(node.offset_ms) / 1000:.1f} s {direction}"
    return _WORDS.get(kind, escape(kind, 40))
