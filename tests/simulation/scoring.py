"""What was believed against what was true."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.spans import Spans, gaps

if TYPE_CHECKING:
    from tests.simulation.beliefs import Beliefs, Turn
    from tests.simulation.scenes import Scene, Target

_ROUNDING_S = 0.01
_DATING_S = 0.5


@dataclass
class Score:
    """The figures of a row of the table. `findings` says each fault in words, for a replay."""

    outages: int = 0
    false_alarms: int = 0
    missed: int = 0
    false_ends: int = 0
    stuck: int = 0
    misdated: int = 0
    detected_s: list[float] = field(default_factory=list)
    recovered_s: list[float] = field(default_factory=list)
    messages: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Count another's figures too."""
        self.outages += other.outages
        self.false_alarms += other.false_alarms
        self.missed += other.missed
        self.false_ends += other.false_ends
        self.stuck += other.stuck
        self.misdated += other.misdated
        self.detected_s += other.detected_s
        self.recovered_s += other.recovered_s
        self.messages += other.messages
        self.findings += other.findings

    @property
    def is_right(self) -> bool:
        """Whether nothing false was said and nothing missed."""
        return not (self.false_alarms or self.missed or self.false_ends or self.stuck)


def judge_beliefs(
    name: str, beliefs: Beliefs, scene: Scene, target: Target, strategy: str, heard: Spans
) -> Score:
    """The score of one monitor.

    - False alarm: DOWN was believed, though from the first failing result to the moment of belief
      the target was never down (nor in between).
    - Missed: an outage of at least two intervals, while the leader ran and heard a quorum, during
      which DOWN was never believed.
    - False end: UP was believed again though the target was down all the while.
    - Misdated: a start that is dated into a time when the target was up, or an end into one when
      it was down, by more than half a second.
    - Stuck: DOWN is still believed two intervals and 5 min after the end, while heard.
    """
    truth = scene.truth(target, strategy)
    score = Score(messages=len(beliefs.turns))
    loose = truth | target.either
    held = _held(beliefs, scene.length)
    for turn in beliefs.turns:
        _check_turn(name, turn, truth, loose, score)
    for start, end in truth:
        _check_outage(name, (start, end), scene, truth, target, heard, held, score)
    _find_stuck(name, scene, loose, heard, held, score)
    return score


def _check_turn(name: str, turn: Turn, truth: Spans, loose: Spans, score: Score) -> None:
    began = turn.began - _ROUNDING_S
    if turn.down:
        is_wrong = not loose.touches(turn.began - _DATING_S, turn.began + _DATING_S)
    else:
        is_wrong = truth.covers(turn.began - _DATING_S, turn.began + _DATING_S)
    score.misdated += is_wrong
    if turn.down and not loose.touches(began, turn.known):
        score.false_alarms += 1
        score.findings.append(f"false alarm: {name} at {turn.known:.1f} since {turn.began:.1f}")
    if not turn.down and truth.covers(began, turn.known):
        score.false_ends += 1
        score.findings.append(f"false end: {name} at {turn.known:.1f} since {turn.began:.1f}")


def _held(beliefs: Beliefs, length: float) -> Spans:
    """When DOWN was believed."""
    spans, since = [], None
    for turn in beliefs.turns:
        if turn.down:
            since = turn.known
        elif since is not None:
            spans.append((since, turn.known))
            since = None
    if since is not None:
        spans.append((since, length))
    return Spans(spans)


def _check_outage(
    name: str, outage: tuple[float, float], scene: Scene, truth: Spans, target: Target,
    heard: Spans, held: Spans, score: Score,
) -> None:  # fmt: skip
    start, end = outage
    seen = heard & Spans([outage])
    if any(last - first >= 2 * scene.interval for first, last in seen):
        score.outages += 1
        if not held.touches(start, end):
            score.missed += 1
            score.findings.append(f"missed: {name} from {start:.1f} to {end:.1f}")
    found = next((first for first, _ in held if first >= start), float("inf"))
    is_new = start in heard and not held.touches(start, start)
    in_time = found <= end + 2 * scene.timeout
    if is_new and in_time and heard.covers(start, min(found, end - _ROUNDING_S)):
        score.detected_s.append(found - start)
    _time_recovery(end, truth | target.either, heard, held, score)


def _time_recovery(end: float, loose: Spans, heard: Spans, held: Spans, score: Score) -> None:
    if loose.touches(end, end) or not held.touches(end, end):
        return
    closed = next((last for first, last in held if first <= end < last), None)
    if closed is not None and heard.covers(end, closed) and not loose.touches(end, closed):
        score.recovered_s.append(closed - end)


def _find_stuck(
    name: str, scene: Scene, loose: Spans, heard: Spans, held: Spans, score: Score
) -> None:
    patience = 2 * scene.interval + 300.0
    for start, end in gaps(loose, 0.0, scene.length):
        for first, last in heard & Spans([(start, end)]) & held:
            if last - max(first, start) > patience:
                score.stuck += 1
                score.findings.append(f"stuck: {name} DOWN from {first:.1f} to {last:.1f}")


def middle(values: list[float]) -> float | None:
    """The median, if there is one."""
    return statistics.median(values) if values else None
