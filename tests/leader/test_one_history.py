"""Two databases that lived apart become one history; and that they are the same can be seen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.leader.store_samples import (
    NOON,
    incident,
    outage,
    ping,
    result,
    set_up,
    transition,
    webhook,
)
from tests.leader.test_copying import (
    a_pair,
    an_outage,
    as_it_is,
    copy_changes,
    copy_everything,
    over_the_wire,
)
from uptop_leader.changes import Changes
from uptop_leader.states import Belief, Status, fresh_state

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.store import Store

DAY_MS = 86_400_000


def differing(leader: Store, copy: Store) -> set[str]:
    """The things whose rows are not the same."""
    since = round(NOON * 1000) - DAY_MS
    theirs = leader.copies.digests(copy.copies.cursor()[1], since)
    mine = copy.copies.own_digests(since)
    assert mine.at == theirs.at
    assert mine.digests.keys() == theirs.digests.keys()
    return {name for name in mine.digests if mine.digests[name] != theirs.digests[name]}


def goes_down(store: Store, at: float, number: int = 1) -> None:
    """A node sees it, and opens the incident with that number."""
    changes = outage(at=at)
    changes.results = []
    changes.opened = [incident(number, started=at)]
    changes.transitions = [replace(changes.transitions[0], incident=f"m/{number}")]
    changes.notifications = []
    state = fresh_state("m", at)
    changes.states["m"] = replace(
        state, belief=Belief.DOWN, incident=f"m/{number}", incidents=number
    )
    store.write(changes, at)


def comes_up(store: Store, at: float, number: int = 1) -> None:
    """A node sees it, and closes that incident."""
    closed = incident(number, ended=at, end_confirmed=at + 1, cause="recovered")
    up = transition("m", at, Status.DOWN, Status.UP, incident=f"m/{number}")
    state = replace(fresh_state("m", at), belief=Belief.UP, incidents=number)
    store.write(Changes(closed=[closed], transitions=[up], states={"m": state}), at + 1)


def give_back(leader: Store, copy: Store) -> None:
    page = over_the_wire(copy.copies.ungiven())
    for _ in range(2):  # an answer may be lost
        leader.copies.take_gift(page.changes, copy.copies.cursor()[1], NOON)
    copy.copies.given(page.upto)
    copy_changes(leader, copy)


def test_what_both_have_seen_apart_is_there_once(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        goes_down(leader, NOON + 10)
        goes_down(copy, NOON + 12)
        comes_up(copy, NOON + 60)
        give_back(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)
        (one,) = leader.incidents()
        assert (one.started, one.ended) == (NOON + 10, NOON + 60)
        moves = [(move.belief_to, move.at) for move in leader.transitions(None, 9)]
        assert sorted(moves) == [(Belief.DOWN, NOON + 10), (Belief.UP, NOON + 60)]


def test_an_end_that_this_node_has_seen_itself_stays(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        goes_down(leader, NOON)
        copy_everything(leader, copy)
        comes_up(leader, NOON + 30)
        comes_up(copy, NOON + 33)
        give_back(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)
        assert [one.ended for one in leader.incidents()] == [NOON + 30]


def test_no_number_of_an_incident_is_given_twice(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        goes_down(leader, NOON, 1)
        comes_up(leader, NOON + 5, 1)
        goes_down(leader, NOON + 10, 2)
        comes_up(leader, NOON + 20, 2)
        goes_down(copy, NOON + 12, 1)
        give_back(leader, copy)
        assert leader.load().states["m"].incidents == 2


def test_rows_are_compared_without_their_numbers_and_their_seals(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        an_outage(leader)
        copy_everything(leader, copy)
        assert differing(leader, copy) == set()


def test_a_row_that_differs_or_is_missing_is_seen_and_a_copy_of_everything_mends_it(
    tmp_path: Path,
) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        an_outage(leader)
        copy_everything(leader, copy)
        with closing(sqlite3.connect(tmp_path / "copy.db")) as other, other:
            other.execute("UPDATE state SET since_ms = since_ms + 1")
            other.execute("DELETE FROM incident")
            other.execute("UPDATE transition SET known_ms = known_ms + 1, incident = NULL")
        assert differing(leader, copy) == {"state", "incident", "transition"}
        copy_everything(leader, copy)
        assert differing(leader, copy) == set()
        assert as_it_is(copy) == as_it_is(leader)


def test_what_each_node_writes_and_removes_for_itself_is_no_difference(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        user = leader.people.add_user("ada", "viewer", NOON)
        leader.people.add_token(user, "laptop", "hash", "prefix", None, NOON)
        changes = Changes()
        changes.former["m", "old"] = NOON - 2 * DAY_MS / 1000
        leader.write(changes, NOON)
        copy_everything(leader, copy)
        assert copy.people.find_token("hash", NOON + 100) is not None
        copy.retain(NOON, 1.5 * DAY_MS / 1000, 1e9, 1e9)
        assert copy.load().former != leader.load().former
        assert differing(leader, copy) == set()
        assert leader.people.revoke_token("prefix", NOON)
        changes = Changes()
        changes.former["m", "new"] = NOON
        leader.write(changes, NOON)
        copy.copies.end_rows(leader.copies.changes(0).source, {}, leader.copies.newest())
        assert differing(leader, copy) == {"token", "former"}


def test_what_has_changed_meanwhile_is_not_compared(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        copy_everything(leader, copy)
        number = copy.copies.cursor()[1]
        set_up(leader, ping("m"))
        page = leader.copies.digests(number, 0)
        assert page.at > number
        assert not page.digests


def test_a_first_copy_that_was_broken_off_leaves_no_monitors_of_its_own(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy.copies.begin_rows()
        copy.copies.take_rows(over_the_wire(leader.copies.rows("monitor", None)).rows)
        assert copy.copies.own_monitors() == 0
        copy_everything(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)


def test_a_result_that_came_to_both_is_not_copied_again_for_some_milliseconds(
    tmp_path: Path,
) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        leader.write(Changes(results=[result(observed=NOON, latency_us=1234)]), NOON)
        copy.write(Changes(results=[result(observed=NOON + 0.003, latency_us=1234)]), NOON)
        leader.write(Changes(results=[result(observed=NOON + 1, latency_us=1234)]), NOON)
        history = leader.copies.history(0)
        assert copy.copies.take_results(history.results, ()) == 1, "only the other one is new"


def test_what_was_long_on_its_way_to_one_of_both_is_known_by_its_latency(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        here = Changes(results=[result(observed=NOON + 0.822, latency_us=1234)])
        copy.write(here, NOON)
        leader.write(Changes(results=[result(observed=NOON, latency_us=1234)]), NOON)
        assert copy.copies.take_results(leader.copies.history(0).results, ()) == 0


def test_what_was_never_measured_is_the_same_only_at_about_the_same_time(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        copy.write(Changes(results=[result(observed=NOON + 0.822, latency_us=0)]), NOON)
        leader.write(Changes(results=[result(observed=NOON, latency_us=0)]), NOON)
        assert copy.copies.take_results(leader.copies.history(0).results, ()) == 1
