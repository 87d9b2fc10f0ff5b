"""Which conditions of a check do not hold for what a look found, and what was found instead.

In: conditions, a look, its timings. Out: the failed ones. Where there is nothing to compare (no
such header, not JSON) every condition fails, `!=` too.
"""

from __future__ import annotations

import operator
import time
from typing import TYPE_CHECKING

from uptop_core.conditions import subjects
from uptop_core.conditions.language import Operator, Word, parse, read_number
from uptop_core.conditions.patterns import PatternTooSlow, found_in
from uptop_core.conditions.subjects import Absent
from uptop_core.outcomes import FailedCondition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uptop_core.check import Condition
    from uptop_core.conditions.language import Comparison, Operand
    from uptop_core.looks import Look
    from uptop_core.outcomes import Timings

_ORDER: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def evaluate(
    conditions: Sequence[Condition], look: Look, timings: Timings, *, now: float | None = None
) -> tuple[FailedCondition, ...]:
    """The conditions that do not hold, in their order. `now` (Unix seconds, for `cert_days`) is
    the wall clock's if it is not given.

    Raises ConfigError for a text that is no condition, and MissingExtra for `matches` where the
    package `regex` is not installed.
    """
    wall = time.time() if now is None else now
    return tuple(_failed(conditions, look, timings, wall))


def _failed(
    conditions: Sequence[Condition], look: Look, timings: Timings, now: float
) -> Iterator[FailedCondition]:
    for condition in conditions:
        found = _instead(parse(condition.text), look, timings, now)
        if found is not None:
            yield FailedCondition(condition.text, found, condition.soft)


def _instead(comparison: Comparison, look: Look, timings: Timings, now: float) -> str | None:
    """None when the comparison holds, else what was found instead."""
    try:
        subject = subjects.find(comparison, look, timings, now)
        if _holds(comparison, subject.values):
            return None
    except Absent as absent:
        return str(absent)
    except PatternTooSlow:
        return "the pattern took too long"
    ordered = comparison.operator in _ORDER
    if ordered and not any(_number(value) is not None for value in subject.values):
        return f"{subject.shown[: subjects.FOUND_LIMIT - 24]}, which is not a number"
    return subject.shown


def _holds(comparison: Comparison, values: tuple[str | float, ...]) -> bool:
    operands = comparison.operands
    match comparison.operator:
        case Operator.EQUAL | Operator.IN:
            return any(_equal(value, one, comparison) for value in values for one in operands)
        case Operator.UNEQUAL:
            return not any(_equal(value, operands[0], comparison) for value in values)
        case Operator.CONTAINS:
            return any(operands[0].text in str(value) for value in values)
        case Operator.MATCHES:
            return found_in(operands[0].text, [str(value) for value in values])
        case order:
            return any(_ordered(order, value, operands[0]) for value in values)


def _ordered(order: Operator, value: str | float, operand: Operand) -> bool:
    number = _number(value)
    return (
        number is not None and operand.number is not None and _ORDER[order](number, operand.number)
    )


def _equal(value: str | float, operand: Operand, comparison: Comparison) -> bool:
    """As numbers when both are, else as texts. Names and addresses in DNS know no case, and the space
    around a body does not count: nobody sees the line end behind it.
    """
    if operand.number is not None and (number := _number(value)) is not None:
        return number == operand.number
    if comparison.word in (Word.DNS, Word.IP):
        return str(value).lower() == operand.text.lower().rstrip(".")
    if comparison.word is Word.BODY:
        return str(value).strip() == operand.text.strip()
    return str(value) == operand.text


def _number(value: str | float) -> float | None:
    """The number that a value is or spells, if it is one."""
    return read_number(value.strip()) if isinstance(value, str) else value
