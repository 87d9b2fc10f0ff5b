"""What the engine writes comes back as it was, and twice is as good as once."""

from __future__ import annotations

import stat
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.leader.databases import dump
from tests.leader.store_samples import (
    NOON,
    down_vote,
    incident,
    notification,
    opened,
    outage,
    ping,
    result,
    set_up,
    vote,
)
from uptop_core.outcomes import FailedCondition, Reason
from uptop_leader.changes import Changes
from uptop_leader.nodes import Ledger, Node
from uptop_leader.states import Belief, MonitorState, PushState, Run, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

FULL_STATE = MonitorState(
    monitor="m",
    belief=Belief.DOWN,
    since=NOON + 0.1234567,
    status=Status.UNKNOWN,
    status_since=NOON + 1 / 3,
    votes={
        "n1": vote("n1", NOON + 0.7654321, latency_ns=12_345_678, sample="<html>"),
        "n2": down_vote("n2"),
    },
    electors=frozenset({"n1", "n2"}),
    first_vote=NOON - 5,
    run=Run(
        id="r1", opened=NOON, first=NOON - 1, began=NOON + 2, lost=1, accusers=frozenset({"n2"})
    ),
    confirmed=frozenset({"n2"}),
    tied=True,
    unknown_since=NOON + 0.5,
    incident="m/3",
    incidents=3,
    told=7,
    push=PushState(heard=NOON, failed=True, detail="exit code 3", run_time_s=1.5),
)


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def dumped(address: Address) -> list[tuple[Any, ...]]:
    """Everything in the database but what counts how often was written."""
    return [row for row in dump(address) if row[0] not in ("heartbeat", "dirty")]


def everything() -> Changes:
    changes = outage()
    changes.states["m"] = FULL_STATE
    changes.votes = {("m", node): vote for node, vote in FULL_STATE.votes.items()}
    changes.nodes["n1"] = Node(
        id="n1", name="one", region="eu", rank=0, kinds=("http",), joined=NOON, heard=NOON + 0.25
    )
    changes.ledgers["n1", "i"] = Ledger(
        node="n1", instance="i", ranges=((1, 5), (7, 9)), touched=NOON
    )
    changes.closed.append(
        incident(2, ended=NOON + 60.5, end_confirmed=NOON + 70.25, cause="recovered")
    )
    return changes


def test_a_restart_gives_every_state_back_with_its_votes(address: Address) -> None:
    with opened(address) as store:
        store.write(everything(), NOON)
    with opened(address) as store:
        assert store.load().states == {"m": FULL_STATE}


def test_a_restart_gives_nodes_ledgers_and_open_incidents_back(address: Address) -> None:
    changes = everything()
    with opened(address) as store:
        store.write(changes, NOON + 3)
    with opened(address) as store:
        saved = store.load()
    assert saved.nodes == changes.nodes
    assert saved.ledgers == changes.ledgers
    assert saved.open_incidents == {"m/1": changes.opened[0]}
    assert saved.last_alive == NOON + 3


def test_a_new_store_is_empty(store: Store) -> None:
    saved = store.load()
    for part in (saved.states, saved.nodes, saved.ledgers, saved.open_incidents):
        assert not part
    assert saved.configuration.version == 0
    assert saved.last_alive is None
    assert saved.epoch == 1


def test_the_cluster_keeps_its_id(address: Address) -> None:
    with opened(address) as store:
        first = store.cluster_id
    assert uuid.UUID(first)
    with opened(address) as store:
        assert store.cluster_id == first


def test_writing_twice_changes_nothing(address: Address) -> None:
    with opened(address) as store:
        store.write(everything(), NOON)
        once = dumped(address)
        store.write(everything(), NOON)
        assert dumped(address) == once


def test_incidents_come_back_newest_first_and_page_by_page(store: Store) -> None:
    all_of_them = [incident(number, started=NOON + number) for number in range(1, 6)]
    store.write(Changes(opened=all_of_them), NOON)
    assert store.incidents() == all_of_them[::-1]
    assert store.incidents(limit=2, before=NOON + 4) == [all_of_them[2], all_of_them[1]]
    assert store.incident("m/3") == all_of_them[2]
    assert store.incident("m/9") is None


def test_a_closed_incident_is_not_open_and_keeps_its_evidence(store: Store) -> None:
    store.write(outage(), NOON)
    was_open = store.incidents(open_only=True)
    closed = msgspec.structs.replace(
        was_open[0], ended=NOON + 61.5, end_confirmed=NOON + 65, cause="recovered"
    )
    store.write(Changes(closed=[closed]), NOON + 66)
    assert store.incidents(open_only=True) == []
    assert store.incidents(monitor="m") == [closed]
    assert store.incidents(monitor="other") == []


def test_an_incident_may_open_and_close_in_one_pass(store: Store) -> None:
    closed = incident(ended=NOON + 1, end_confirmed=NOON + 1, cause="recovered")
    store.write(Changes(opened=[incident()], closed=[closed]), NOON)
    assert store.incidents() == [closed]


def test_transitions_come_back_with_their_evidence(store: Store) -> None:
    changes = outage()
    store.write(changes, NOON)
    assert store.transitions("m", 10) == changes.transitions
    assert store.transitions("other", 10) == []


def test_results_come_back_in_order_and_once(store: Store) -> None:
    rows = [
        result("m", "n2", NOON + 0.002, 7),
        result("m", "n1", NOON + 0.001, 5_000_000, reason=Reason.STATUS_MISMATCH),
        result("other", "n1", NOON),
    ]
    for _ in range(2):
        store.write(Changes(results=rows), NOON)
    found = store.results("m", NOON, NOON + 1)
    assert [(row.node, row.latency_us, row.reason) for row in found] == [
        ("n1", 5_000_000, Reason.STATUS_MISMATCH),
        ("n2", 7, None),
    ]
    assert [row.observed for row in found] == pytest.approx([NOON + 0.001, NOON + 0.002])
    assert store.results("m", NOON, NOON + 0.002) == found[:1]


def test_two_looks_that_fall_into_one_millisecond_are_both_kept(store: Store) -> None:
    first = Changes(results=[result(observed=NOON, latency_us=1)])
    second = Changes(
        results=[
            result(observed=NOON, latency_us=2),
            result(observed=NOON + 1, latency_us=3),
        ]
    )
    for changes in (first, second, second, first):
        store.write(changes, NOON)
    stored = [(row.observed, row.latency_us) for row in store.results("m", 0, 2 * NOON)]
    assert stored == [(NOON - 0.001, 2), (NOON, 1), (NOON + 1, 3)]


def test_a_vote_written_alone_is_part_of_the_state(store: Store) -> None:
    store.write(Changes(states={"m": FULL_STATE}, votes={}), NOON)
    newest = down_vote("n1", failed=(FailedCondition("status < 400", "503"),))
    store.write(Changes(votes={("m", "n1"): newest, ("new", "n1"): newest}), NOON)
    states = store.load().states
    assert states["m"].votes == {"n1": newest}
    assert states["new"].votes == {"n1": newest}
    assert states["new"].belief is Belief.PENDING


def test_a_forgotten_monitor_loses_its_state_and_keeps_its_history(store: Store) -> None:
    store.write(everything(), NOON)
    store.write(Changes(forgotten=["m"]), NOON)
    assert store.load().states == {}
    assert store.incident("m/1") is not None
    assert store.results("m", NOON, NOON + 1)


def test_a_notification_of_a_known_key_is_not_written_again(store: Store) -> None:
    set_up(store, ping("m"))
    store.write(Changes(notifications=[notification()]), NOON)
    store.write(Changes(notifications=[notification(created=NOON + 5)]), NOON)
    assert store.outbox_depth(NOON).waiting == 1


def test_alive_moves_the_heartbeat(store: Store) -> None:
    store.alive(NOON + 15)
    assert store.load().last_alive == NOON + 15


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    path.touch(0o644)
    with opened(path) as store:
        store.write(outage(), NOON)
        files = sorted(tmp_path.iterdir())
        assert [file.name for file in files] == ["uptop.db", "uptop.db-shm", "uptop.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
