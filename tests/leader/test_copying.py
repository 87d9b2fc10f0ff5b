"""What one database copies from another is the same there, and what is given back is kept once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.leader.store_samples import (
    KEY,
    NOON,
    OPERATOR,
    incident,
    notification,
    opened,
    outage,
    ping,
    result,
    set_up,
    vote,
    webhook,
)
from uptop_core.errors import SealError
from uptop_leader.changes import Changes
from uptop_leader.configuration import ConfigChange
from uptop_leader.copying.words import ChangesPage, RowsPage
from uptop_leader.nodes import Ledger, Node
from uptop_leader.states import Belief, fresh_state
from uptop_leader.store.change_log import THINGS
from uptop_leader.store.copies import Overtaken
from uptop_leader.store.copying import named_by
from uptop_leader.store.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.store.store import Store

OTHER_KEY = bytes(range(100, 132))
SECRET_URL = "https://hooks.example.com/the-secret"


@contextmanager
def a_pair(tmp_path: Path, *, key: bytes | None = OTHER_KEY) -> Iterator[tuple[Store, Store]]:
    """A leader that has a follower, and an empty database beside it."""
    with opened(tmp_path / "leader.db") as leader, opened(tmp_path / "copy.db", key=key) as copy:
        leader.put_place(Place(epoch=1, known=1, follower="f"))
        copy.copies.keep_log()
        yield leader, copy


def over_the_wire(page: Any) -> Any:
    """What comes of a page at the other end."""
    return msgspec.json.decode(msgspec.json.encode(page), type=type(page))


def copy_everything(leader: Store, copy: Store) -> None:
    there: dict[str, set[tuple[str, ...]]] = {}
    first: RowsPage | None = None
    for thing in THINGS:
        page = over_the_wire(leader.copies.rows(thing, None))
        first = first or page
        copy.copies.take_rows(page.rows)
        there[thing] = {named_by(change) for change in page.rows}
    assert first is not None
    copy.copies.end_rows(first.source, there, first.at)


def copy_changes(leader: Store, copy: Store) -> int:
    """Copies what is new; returns in how many pages."""
    pages, more = 0, True
    while more:
        page: ChangesPage = over_the_wire(leader.copies.changes(copy.copies.cursor()[1]))
        assert page.reached
        copy.copies.take_changes(page)
        pages, more = pages + 1, page.more
    return pages


def as_it_is(store: Store) -> dict[str, Any]:
    """Everything that a restart would give back, and the history of beliefs."""
    saved = store.load()
    return {
        "configuration": saved.configuration,
        "states": {name: replace(state, votes={}) for name, state in saved.states.items()},
        "open": saved.open_incidents,
        "nodes": saved.nodes,
        "former": saved.former,
        "incidents": store.incidents(),
        "transitions": store.transitions(None, 100),
        "users": store.people.users(),
        "cluster": store.cluster_id,
    }


def an_outage(store: Store) -> None:
    changes = outage()
    changes.states["m"] = replace(fresh_state("m", NOON), belief=Belief.DOWN, incident="m/1")
    changes.votes = {("m", "n1"): vote("n1", NOON)}
    changes.nodes["n1"] = Node(id="n1", name="one", region="eu", rank=0, joined=NOON, heard=NOON)
    changes.ledgers["n1", "i"] = Ledger(node="n1", instance="i", ranges=((1, 1),), touched=NOON)
    changes.former["m", "n9"] = NOON
    changes.gaps.append((NOON - 100, NOON - 50))
    store.write(changes, NOON)


def test_a_copy_of_everything_is_the_same_as_the_leader(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c", url=SECRET_URL))
        leader.people.add_user("ada", "admin", NOON)
        an_outage(leader)
        copy_everything(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)


def test_changes_are_followed_one_by_one_and_twice_is_as_good_as_once(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        copy_everything(leader, copy)
        set_up(leader, ping("m", channels=("c",)), webhook("c", url=SECRET_URL))
        an_outage(leader)
        before = copy.copies.cursor()[1]
        page = over_the_wire(leader.copies.changes(before))
        for _ in range(2):
            copy.copies.take_changes(page)
        assert as_it_is(copy) == as_it_is(leader)
        leader.change_config(ConfigChange(drop_monitors=("m",)), OPERATOR, NOON + 1)
        leader.write(
            Changes(
                closed=[incident(1, ended=NOON + 60, end_confirmed=NOON + 61)], forgotten=["m"]
            ),
            NOON + 61,
        )
        copy_changes(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)
        assert not copy.load().states


def test_names_that_swap_are_swapped_there_too(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("a", "one"), ping("b", "two"))
        copy_everything(leader, copy)
        set_up(leader, ping("a", "two"), ping("b", "one"), now=NOON + 1)
        copy_changes(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)


def test_secrets_are_sealed_there_under_the_own_key(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, webhook("c", url=SECRET_URL))
        copy_everything(leader, copy)
        assert copy.load().configuration.channels == leader.load().configuration.channels
        copy.close()
        written = (tmp_path / "copy.db").read_bytes()
        assert SECRET_URL.encode() not in written
    with pytest.raises(SealError), opened(tmp_path / "copy.db", key=KEY) as wrong:
        wrong.load()


def test_what_is_not_at_the_leader_any_more_goes(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(copy, ping("x"), webhook("d"))
        copy.copies.adopt()
        set_up(leader, ping("m"))
        copy_everything(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)


def test_a_database_with_monitors_of_its_own_is_no_copy_until_it_is_told_to(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (_, copy):
        assert copy.copies.own_monitors() == 0
        set_up(copy, ping("x"))
        assert copy.copies.own_monitors() == 1
        copy.copies.adopt()
        assert copy.copies.own_monitors() == 0


def test_a_log_that_does_not_reach_back_says_so(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, _):
        set_up(leader, ping("m"))
        assert leader.copies.changes(0).reached
        assert not leader.copies.changes(10_000).reached, "a number of another log"


def test_without_a_follower_no_log_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "leader.db") as leader:
        set_up(leader, ping("m"))
        an_outage(leader)
        assert leader.copies.newest() == 0


def test_a_notification_that_was_sent_here_is_not_waiting_again(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, webhook("c"))
        leader.write(Changes(notifications=[notification()]), NOON)
        copy_everything(leader, copy)
        (claimed,) = copy.claim(NOON + 1, 60, 1)
        copy.mark_sent(claimed.number, NOON + 2)
        copy_everything(leader, copy)
        assert copy.claim(NOON + 200, 60, 1) == []


def test_results_are_copied_once_however_they_come(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        rows = [result(observed=NOON + n, latency_us=n, seq=n, instance="i") for n in range(1, 6)]
        ledgers = [Ledger(node="n", instance="i", ranges=((1, 5),), touched=NOON)]
        leader.write(Changes(results=rows, ledgers={("n", "i"): ledgers[0]}), NOON)
        assert copy.copies.take_results(rows[:2], [replace(ledgers[0], ranges=((1, 2),))]) == 2
        moved = [replace(row, observed=row.observed + 0.004) for row in rows]
        assert copy.copies.take_results(moved, ledgers) == 3, "those it has by their numbers"
        copy.copies.take_results(leader.copies.history(0).results, leader.copies.ledgers())
        assert copy.load().ledgers["n", "i"].ranges == ((1, 5),)


def test_history_is_read_in_pages_of_whole_milliseconds(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        rows = [result("m", f"n{n % 7}", NOON + n // 7, latency_us=n) for n in range(25_000)]
        leader.write(Changes(results=rows), NOON)
        since, more, pages = 0, True, 0
        while more:
            page = over_the_wire(leader.copies.history(since))
            copy.copies.take_results(page.results, ())
            since, more, pages = page.upto_ms, page.more, pages + 1
        assert pages == 3
        assert copy.results("m", 0, 2 * NOON, 30_000) == leader.results("m", 0, 2 * NOON, 30_000)


def test_what_the_follower_decided_is_given_back_and_what_people_set_up_is_not(
    tmp_path: Path,
) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        copy_everything(leader, copy)
        set_up(leader, ping("m", "renamed", channels=("c",)), now=NOON + 1)  # never copied
        an_outage(copy)
        (claimed,) = copy.claim(NOON + 1, 60, 1)
        copy.mark_sent(claimed.number, NOON + 2)
        page = over_the_wire(copy.copies.ungiven())
        for _ in range(2):
            leader.copies.take_gift(page.changes, copy.copies.cursor()[1], NOON)
        copy.copies.given(page.upto)
        assert not copy.copies.ungiven().changes
        assert leader.load().configuration.monitors[0].name == "renamed"
        assert leader.load().states["m"].belief is Belief.DOWN
        assert list(leader.load().open_incidents) == ["m/1"]
        assert leader.claim(NOON + 200, 60, 1) == [], "it was sent there"
        assert leader.channel_health()[0].sent == 1
        copy_changes(leader, copy)
        assert as_it_is(copy) == as_it_is(leader)


def test_what_was_asked_for_before_a_node_acted_is_not_written_after_it(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        copy_everything(leader, copy)
        copies = copy.copies.under(copy.place().epoch)
        rows = over_the_wire(leader.copies.rows("incident", None))
        page = over_the_wire(leader.copies.changes(0))
        copies.take_rows(rows.rows)
        copy.put_place(Place(epoch=2, known=2))
        an_outage(copy)
        for write in (
            copies.begin_rows,
            lambda: copies.take_rows(rows.rows),
            lambda: copies.end_rows(rows.source, {"incident": set()}, rows.at),
            lambda: copies.take_changes(page),
            lambda: copies.take_results([result()], ()),
        ):
            with pytest.raises(Overtaken):
                write()
        assert [one.id for one in copy.incidents()] == ["m/1"]
        assert copy.outbox_depth(NOON).waiting == 1


def test_rows_of_a_copy_that_was_broken_off_are_not_given_back(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        an_outage(leader)
        copy.copies.begin_rows()
        for thing in ("monitor", "state", "incident"):
            copy.copies.take_rows(over_the_wire(leader.copies.rows(thing, None)).rows)
        assert copy.copies.ungiven().changes == []


def test_epochs_only_grow(tmp_path: Path) -> None:
    with opened(tmp_path / "leader.db") as leader:
        leader.put_place(Place(epoch=5, known=7, follower="f"))
        leader.put_place(Place(epoch=3, known=2))
        assert leader.place() == Place(epoch=5, known=7, follower="f")


def test_a_wish_is_taken_once(tmp_path: Path) -> None:
    with opened(tmp_path / "leader.db") as leader:
        leader.wish("promote")
        assert [leader.take_wish(), leader.take_wish()] == ["promote", ""]
