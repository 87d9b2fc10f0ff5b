"""The strategies, as the table of the design has them: E expected, F fresh, D down."""

from __future__ import annotations

import pkgutil

import pytest

from uptop_core import Tally, Verdict, aggregation
from uptop_core.verdicts import decide, strategies

UP, DOWN, TIED, UNKNOWN = Verdict.UP, Verdict.DOWN, Verdict.TIED, Verdict.UNKNOWN

#  E  F  D   any-down  majority-down  all-down
TABLE = [
    (1, 1, 0, UP, UP, UP),
    (1, 1, 1, DOWN, DOWN, DOWN),
    (2, 1, 0, UNKNOWN, UNKNOWN, UP),
    (2, 1, 1, DOWN, UNKNOWN, UNKNOWN),
    (2, 2, 0, UP, UP, UP),
    (2, 2, 1, DOWN, TIED, UP),
    (2, 2, 2, DOWN, DOWN, DOWN),
    (3, 1, 0, UNKNOWN, UNKNOWN, UP),
    (3, 1, 1, DOWN, UNKNOWN, UNKNOWN),
    (3, 2, 0, UP, UP, UP),
    (3, 2, 1, DOWN, TIED, UP),
    (3, 2, 2, DOWN, DOWN, DOWN),
    (3, 3, 0, UP, UP, UP),
    (3, 3, 1, DOWN, UP, UP),
    (3, 3, 2, DOWN, DOWN, UP),
    (3, 3, 3, DOWN, DOWN, DOWN),
    (4, 2, 2, DOWN, UNKNOWN, UNKNOWN),
    (4, 3, 2, DOWN, DOWN, UP),
    (4, 4, 2, DOWN, TIED, UP),
    (5, 3, 3, DOWN, DOWN, DOWN),
    (5, 2, 0, UNKNOWN, UNKNOWN, UP),
    (0, 1, 0, UP, UP, UP),
]


@pytest.mark.parametrize(("expected", "fresh", "down", "any_down", "majority", "all_down"), TABLE)
def test_the_strategies_decide_as_the_table_says(
    expected: int, fresh: int, down: int, any_down: Verdict, majority: Verdict, all_down: Verdict
) -> None:
    tally = Tally(expected=expected, fresh=fresh, down=down)
    assert decide(tally, "any-down") is any_down
    assert decide(tally, "majority-down") is majority
    assert decide(tally, "all-down") is all_down


def test_a_tie_is_not_a_majority() -> None:
    assert decide(Tally(expected=4, fresh=4, down=2), "majority-down") is TIED


def test_each_file_of_the_folder_is_one_strategy_of_that_name() -> None:
    files = {module.name.replace("_", "-") for module in pkgutil.iter_modules(aggregation.__path__)}
    assert files == set(strategies())


def test_only_under_any_down_does_one_vote_suffice() -> None:
    assert [name for name, rule in strategies().items() if rule.one_suffices] == ["any-down"]


@pytest.mark.parametrize("strategy", sorted(strategies()))
@pytest.mark.parametrize("expected", range(8))
def test_every_tally_has_a_verdict_and_one_that_suffices_decides(
    strategy: str, expected: int
) -> None:
    rule = strategies()[strategy]
    for fresh in range(1, expected + 3):
        for down in range(fresh + 1):
            verdict = decide(Tally(expected=expected, fresh=fresh, down=down), strategy)
            assert verdict in Verdict
            if rule.one_suffices and down:
                assert verdict is DOWN
