"""What the strategies promise of each world, and how soon an outage must be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.worlds import NOBODY_PROMISED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.scoring import Score

DETECTION = {(3, 60.0): 25.0, (3, 300.0): 75.0, (5, 60.0): 18.0, (5, 300.0): 50.0}
"""Nodes and interval → the median time from the start of an outage to a confirmed DOWN under
majority-down with a timeout of 5 s, in seconds at most."""


def broken(world: str, strategy: str, score: Score) -> Iterator[str]:
    """Which promises a score breaks.

    majority-down: nothing false and nothing missed in any world, since in each of them most nodes
    see the truth. any-down: no false alarm where no node loses checks or lies. all-down promises
    only what follows from its rule, so it is shown and not held to anything.
    """
    if strategy == "all-down" or strategy in NOBODY_PROMISED.get(world, ()):
        return
    counts = {"false alarms": score.false_alarms}
    if strategy == "majority-down":
        counts |= {
            "missed": score.missed, "false ends": score.false_ends, "stuck": score.stuck,
        }  # fmt: skip
    for what, count in counts.items():
        if count:
            yield f"{world}, {strategy}: {what} {count}, promised 0"
