"""Part of step 10: flapping is told once when it begins, and once when it is over."""

from __future__ import annotations

import pytest

from tests.leader.courts import START, monitor
from uptop_leader.flapping import moved, quiet_at, settled
from uptop_leader.telling import Telling


def after(*seconds: float) -> tuple[Telling, list[bool]]:
    telling, told = Telling(), []
    for at in seconds:
        telling, is_told = moved(telling, START + at)
        told.append(is_told)
    return telling, told


def test_the_fourth_change_in_half_an_hour_is_flapping() -> None:
    telling, told = after(0, 100, 200, 300)
    assert told == [True, True, True, False]
    assert (telling.flapping, telling.moved) == (START + 300, START + 300)
    assert len(telling.moves) == 4


def test_changes_that_are_half_an_hour_old_do_not_count() -> None:
    telling, told = after(0, 100, 200, 1800)
    assert told == [True] * 4
    assert telling.flapping is None
    assert len(telling.moves) == 3


def test_while_it_is_flapping_no_change_is_told() -> None:
    telling, told = after(0, 1, 2, 3, 4, 5000)
    assert told[3:] == [False] * 3
    assert (telling.flapping, telling.moved) == (START + 3, START + 5000)


@pytest.mark.parametrize(("interval", "quiet"), [(30, 600), (120, 600), (121, 605), (300, 1500)])
def test_it_is_over_after_five_quiet_intervals_and_ten_minutes(interval: int, quiet: int) -> None:
    telling, _ = after(0, 1, 2, 3, 50)
    assert quiet_at(monitor(interval=interval), telling, 600) == START + 50 + quiet


def test_what_is_not_flapping_need_not_come_to_rest() -> None:
    assert quiet_at(monitor(), after(0, 1, 2)[0], 600) is None
    assert quiet_at(monitor(), settled(after(0, 1, 2, 3)[0]), 600) is None


def test_once_it_is_over_counting_begins_anew() -> None:
    telling, is_told = moved(settled(after(0, 1, 2, 3)[0]), START + 4)
    assert is_told
    assert telling.moves == (START + 4,)
