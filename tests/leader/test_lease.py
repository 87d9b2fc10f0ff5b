"""The lease: never two that act, whatever happens to nodes, their clocks and their ways."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.lease_world import PACE, World
from uptop_leader.election.lease import Leasing, Move, Row

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = range(200)


def lived(
    seed: int, rules: type[Leasing] = Leasing, nodes: int = 4, *, lags: bool = False
) -> World:
    """A world with a trouble every few seconds, for ten minutes."""
    world = World(seed, nodes, rules)
    for _ in range(60):
        world.run(world.rng.uniform(1, 20))
        world.trouble(lags=lags)
    return world


def taken_over_and_lost(seed: int, rules: type[Leasing] = Leasing) -> World:
    """A world whose holder is cut off until another one acts, which a replica that takes the
    database's place has not heard of; the holder reaches that one at once, and the other one later.
    """
    world = World(seed, 2, rules)
    world.run(20)
    former, old = world.holder, world.database.row
    assert former is not None
    former.cut = world.now + 600
    world.run(world.rng.uniform(25, 60))
    other = world.holder
    assert other is not None
    former.cut, other.cut = world.now + 1, world.now + world.rng.uniform(0, 10)
    world.database.go_back(old, "2")
    world.run(60)
    return world


def test_there_are_never_two_that_act_and_epochs_only_grow() -> None:
    for seed in SEEDS:
        world = lived(seed)
        assert world.overlaps == [], seed
        epochs = world.database.epochs
        assert epochs == sorted(set(epochs)), seed


class StopsTooLate(Leasing, frozen=True):
    """Goes on for longer than others wait."""

    def may_act(self, now: float) -> bool:
        return self.term is not None and now - self.renewed < 1.5 * self.pace.lease


class CountsFromTheAnswer(Leasing, frozen=True):
    """Counts from when the answer came, that may have lain somewhere."""

    def renewed_as(self, asked: float, row: Row) -> Leasing:
        return super().renewed_as(asked + 6, row)


class WaitsTooShort(Leasing, frozen=True):
    """Takes over before the holder must have stopped."""

    def _may_take(self, now: float) -> bool:
        return self.seen is not None and now - self.since > 0.6 * self.pace.fence


@pytest.mark.parametrize("rules", [StopsTooLate, CountsFromTheAnswer, WaitsTooShort])
def test_broken_rules_are_found_out(rules: type[Leasing]) -> None:
    assert any(lived(seed, rules).overlaps for seed in SEEDS)


def test_a_holder_that_dies_is_replaced_within_22_s() -> None:
    for seed in SEEDS:
        world = World(seed, 8)
        world.run(10)
        assert world.holder is not None
        world.longest = 0.0
        world.holder.alive = False
        world.run(40)
        assert world.holder is not None
        assert world.longest <= 22
        assert world.overlaps == []


def test_a_database_that_has_gone_back_gives_no_epoch_twice() -> None:
    for seed in SEEDS:
        world = World(seed, 3)
        world.run(20)
        old = world.database.row
        for _ in range(3):
            assert world.holder is not None
            world.holder.paused = world.now + 30
            world.run(60)
        world.database.row = old
        world.run(60)
        assert world.holder is not None
        assert world.overlaps == []
        epochs = world.database.epochs
        assert epochs == sorted(set(epochs)), seed


def test_a_database_that_goes_back_now_and_then_never_has_two_that_act() -> None:
    for seed in SEEDS[:100]:
        assert lived(seed, lags=True).overlaps == [], seed


def test_a_former_holder_waits_for_one_that_the_database_has_forgotten() -> None:
    for seed in SEEDS:
        world = taken_over_and_lost(seed)
        assert world.holder is not None
        assert world.overlaps == [], seed
        epochs = world.database.epochs
        assert epochs == sorted(set(epochs)), seed


class TakesItsOwnBack(Leasing, frozen=True):
    """Takes a lease that names it however long ago it held it."""

    def _may_take(self, now: float) -> bool:
        is_mine = self.seen is not None and self.seen.holder == self.me
        return is_mine or super()._may_take(now)


@pytest.mark.parametrize("live", [partial(lived, lags=True), taken_over_and_lost])
def test_who_takes_its_own_lease_back_too_late_is_found_out(live: Callable[..., World]) -> None:
    assert any(live(seed, TakesItsOwnBack).overlaps for seed in SEEDS)


ME = Leasing(me="a", pace=PACE)


def held(**fields: object) -> Leasing:
    row = Row(holder="a", epoch=3, beat=7, highest=3, server="s")
    return ME.renewed_as(100.0, replace(row, **fields))


def test_the_fence_counts_from_when_the_renewal_was_asked_for() -> None:
    assert held().may_act(111.9)
    assert not held().may_act(112.0)


def test_a_server_that_has_started_anew_ends_the_term_and_the_lease_is_taken_again_at_once() -> (
    None
):
    again = held().renewed_as(105.0, Row(holder="a", epoch=3, beat=8, highest=3, server="t"))
    assert not again.may_act(105.0)
    assert again.next(105.0) is Move.TAKE
    assert again.epoch_to_take() == 4


def test_a_lease_of_ours_is_taken_again_at_once_only_within_the_fence() -> None:
    row = Row(holder="a", epoch=3, beat=6, highest=3, server="t")
    assert held().looked(111.9, row).next(111.9) is Move.TAKE
    assert held().looked(113.0, row).next(127.9) is Move.LOOK
    assert held().looked(113.0, row).next(128.1) is Move.TAKE


def test_a_lease_that_nobody_holds_on_another_server_than_before_is_waited_for() -> None:
    before = ME.looked(5.0, Row(holder="b", epoch=1, server="s"))
    moved = before.looked(6.0, Row(epoch=1, server="t"))
    assert moved.next(20.9) is Move.LOOK
    assert moved.next(21.1) is Move.TAKE
    given_up = moved.looked(8.0, Row(epoch=2, beat=1, server="t"))
    assert given_up.next(8.0) is Move.TAKE


def test_an_epoch_above_ours_ends_the_term_and_is_waited_out() -> None:
    told = held().renewed_as(105.0, Row(holder="a", epoch=3, beat=8, highest=9, server="s"))
    assert not told.may_act(105.0)
    assert told.next(119.0) is Move.LOOK
    assert told.next(121.0) is Move.TAKE
    assert told.epoch_to_take() == 10


def test_a_lease_that_nobody_holds_is_taken_at_once() -> None:
    assert ME.looked(5.0, Row()).next(5.0) is Move.TAKE
    assert ME.looked(5.0, Row(holder="b", epoch=1)).next(19.9) is Move.LOOK
    assert ME.looked(5.0, Row(holder="b", epoch=1)).next(20.1) is Move.TAKE


def test_only_a_change_of_the_row_counts_as_a_sign_of_life() -> None:
    seen = ME.looked(5.0, Row(holder="b", epoch=1, beat=1))
    same = seen.looked(15.0, Row(holder="b", epoch=1, beat=1, highest=1))
    assert same.next(20.1) is Move.TAKE
    assert seen.looked(15.0, Row(holder="b", epoch=1, beat=2)).next(20.1) is Move.LOOK


def test_a_database_that_does_not_answer_ends_the_term_at_the_fence_and_not_before() -> None:
    assert held().unanswered(111.0).term is not None
    assert held().unanswered(112.5).term is None
