"""Latencies over time, and where the time of one look went, drawn with characters. Pure.

What failed and what nobody saw have shapes of their own; phases are told by letters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_tui.evidence import milliseconds
from uptop_tui.signs import BAD, GOOD, QUIET, WARNING
from uptop_tui.sparks import FAILED, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uptop_core.views import PhasesView
    from uptop_tui.sparks import Cell

AXIS = 9
"""Columns that the scale takes."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_PHASES = (
    ("dns_ms", "d", "$text-secondary"),
    ("connect_ms", "c", "$text-primary"),
    ("tls_ms", "t", "$text-accent"),
    ("first_byte_ms", "f", GOOD),
    ("transfer_ms", "x", WARNING),
)
LETTERS = "d dns · c connect · t tls · f first byte · x transfer"


def plot(parts: Sequence[Cell], rows: int) -> Iterator[Content]:
    """Columns as high as the median latency, `rows` lines of them, with the scale on the left."""
    highest = max((part.latency_ms or 0.0 for part in parts), default=0.0)
    for row in range(rows - 1, -1, -1):
        label = milliseconds(highest) if row == rows - 1 and highest else "0 ms" if not row else ""
        line = Content.assemble(*(_column(part, highest, row, rows) for part in parts))
        yield Content.assemble((f"{label:>{AXIS - 2}} ┤", QUIET), line)


def _column(part: Cell, highest: float, row: int, rows: int) -> tuple[str, str]:
    """What stands in one line of one column."""
    if not part.checks:
        return (UNSEEN if row == 0 else " "), QUIET
    if part.latency_ms is None or 2 * part.failed >= part.checks:
        return (FAILED if row == 0 else " "), BAD
    level = max(1, round(part.latency_ms / highest * rows * 8)) if highest else 1
    style = WARNING if part.failed else GOOD
    return _EIGHTHS[max(0, min(8, level - row * 8))], style


def phase_bar(phases: PhasesView, width: int) -> Content:
    """Where the time went: `ddcttttfffffffx`, as long in all as `width`; empty without phases."""
    took = [(getattr(phases, name) or 0.0, letter, style) for name, letter, style in _PHASES]
    whole = sum(part for part, _, _ in took)
    if whole <= 0:
        return Content("")
    drawn: list[tuple[str, str]] = []
    so_far, end = 0.0, 0
    for part, letter, style in took:
        so_far += part
        reached = max(round(so_far / whole * width), end + (1 if part else 0))
        drawn.append((letter * (reached - end), style))
        end = reached
    return Content.assemble(*drawn)
