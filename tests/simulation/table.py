"""The figures as text: one row per world and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.scoring import Score, middle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.simulation.runs import Run

HEAD = (
    "rule", "outages", "false", "missed", "ended", "stuck", "misdated", "detect s", "recover s",
    "messages",
)  # fmt: skip
_WIDTHS = (23, 7, 6, 6, 6, 6, 8, 9, 9, 8)


class Sums:
    """Scores added up by world and rule."""

    def __init__(self) -> None:
        self._scores: dict[tuple[str, str], Score] = {}
        self._runs: dict[tuple[str, str], int] = {}

    def add(self, run: Run) -> None:
        """One more run; the naive rules saw the ticks of each strategy, so they count once."""
        self._add(run.world, run.strategy, run.score)
        for name, score in run.naive.items():
            self._add(run.world, name, score)

    def _add(self, world: str, rule: str, score: Score) -> None:
        key = world, rule
        self._scores.setdefault(key, Score()).add(score)
        self._runs[key] = self._runs.get(key, 0) + 1

    def score(self, world: str, rule: str) -> Score | None:
        """The sum, if there is one."""
        return self._scores.get((world, rule))

    def lines(self, worlds: Iterable[str], rules: Iterable[str]) -> Iterator[str]:
        """The table of these worlds, in their order."""
        yield _line(HEAD)
        chosen = list(rules)
        for world in worlds:
            yield f"-- {world}"
            for rule in chosen:
                score = self.score(world, rule)
                if score is not None:
                    yield _line(_cells(rule, score, self._runs[world, rule]))


def _cells(rule: str, score: Score, runs: int) -> tuple[str, ...]:
    counts = (
        score.outages, score.false_alarms, score.missed, score.false_ends, score.stuck,
        score.misdated,
    )  # fmt: skip
    return (
        rule,
        *(str(count) for count in counts),
        times(score.detected_s),
        times(score.recovered_s),
        f"{score.messages / runs:.1f}",
    )


def times(values: list[float]) -> str:
    """Median and worst in whole seconds."""
    median = middle(values)
    return "-" if median is None else f"{median:.0f}, {max(values):.0f}"


def _line(cells: Iterable[str]) -> str:
    first, *rest = zip(cells, _WIDTHS, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return " ".join(padded).rstrip()
