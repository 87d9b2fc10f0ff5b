"""Step 5: nothing leaves the spool unacknowledged, but the oldest when it is full."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from uptop_core.checks.port import PortCheck
from uptop_core.outcomes import Outcome, Timings
from uptop_core.runner import RanResult
from uptop_core.wire import Assignment, decode_result
from uptop_probe.spool import LIVE_S, Batch, Spool

CHECK = PortCheck(hostname="127.0.0.1", port=1)
ASSIGNMENT = Assignment(id="a", name="A", check=CHECK)


def ran(began: float, detail: str = "") -> RanResult:
    outcome = Outcome(up=True, detail=detail, timings=Timings(total_ns=7))
    return RanResult(assignment=ASSIGNMENT, outcome=outcome, began=began, began_wall=began + 1000)


def filled(*began: float, capacity: int = 100) -> Spool:
    spool = Spool(capacity)
    for moment in began:
        spool.add(ran(moment))
    return spool


def taken(
    spool: Spool, batch: Batch, *, peer: str = "a", have: int | None = None, now: float = 0
) -> int:
    return spool.acknowledge(batch, peer=peer, have=have, rejected=(), now=now)


def test_a_result_is_sent_with_its_age_at_that_moment() -> None:
    spool = filled(10.0)
    result = decode_result(spool.batch(12.5).results[0])
    assert (result.monitor, result.seq, result.age_ms) == ("a", 1, 2500)
    assert (result.checked_at, result.latency_ns, result.is_up) == (1_010_000, 7, True)
    assert decode_result(spool.batch(13.0).results[0]).age_ms == 3000


def test_what_is_not_acknowledged_is_sent_again() -> None:
    spool = filled(1, 2, 3)
    assert spool.batch(3).seqs == spool.batch(4).seqs == (1, 2, 3)


def test_what_is_acknowledged_is_gone() -> None:
    spool = filled(1, 2, 3)
    batch = spool.batch(3, results=2)
    taken(spool, batch)
    assert (len(spool), spool.batch(3).seqs) == (1, (3,))


def test_live_results_go_first_and_then_the_oldest() -> None:
    now = 1000.0
    spool = filled(1, 2, 3, now - LIVE_S, now - 1, now)
    assert spool.batch(now).seqs == (4, 5, 6, 1, 2, 3)
    assert spool.batch(now, results=4).seqs == (4, 5, 6, 1)


def test_the_oldest_is_dropped_when_the_spool_is_full_and_the_number_is_told_once() -> None:
    spool = filled(1, 2, 3, 4, 5, capacity=3)
    batch = spool.batch(5)
    assert (batch.seqs, batch.dropped) == ((3, 4, 5), 2)
    spool.add(ran(6))
    taken(spool, spool.batch(6))
    assert spool.batch(6).dropped == 0


def test_what_was_dropped_on_its_way_and_yet_arrived_is_not_counted_as_lost() -> None:
    spool = filled(1, 2, 3, capacity=3)
    batch = spool.batch(3)
    spool.add(ran(4))
    assert spool.dropped == 1
    taken(spool, batch)
    assert (spool.dropped, spool.batch(4).seqs) == (0, (4,))


def test_a_batch_is_limited_in_bytes_but_never_empty() -> None:
    spool = Spool(100)
    for moment in range(10):
        spool.add(ran(moment, detail="x" * 200))
    few = spool.batch(10, size=1500)
    assert 1 < len(few.seqs) < 10
    assert len(json.dumps([json.loads(bytes(result)) for result in few.results])) < 1800
    assert spool.batch(10, size=1).seqs == (1,)


def test_a_rejected_result_is_over() -> None:
    spool = filled(1, 2)
    spool.acknowledge(spool.batch(2), peer="a", have=2, rejected={1}, now=2)
    assert len(spool) == 0
    assert taken(spool, spool.batch(2), peer="b", have=0, now=3) == 1


def test_a_discarded_result_counts_as_dropped() -> None:
    spool = filled(1, 2)
    spool.discard(spool.batch(2, results=1))
    assert (len(spool), spool.dropped) == (1, 1)


def test_a_peer_that_lost_what_it_acknowledged_gets_it_again() -> None:
    spool = filled(1, 2, 3)
    taken(spool, spool.batch(3), have=3)
    spool.add(ran(4))
    assert taken(spool, spool.batch(4), have=1, now=4) == 2
    assert spool.batch(4).seqs == (2, 3)
    assert taken(spool, spool.batch(4), have=4, now=5) == 0
    assert len(spool) == 0


def test_a_new_peer_gets_what_another_acknowledged() -> None:
    spool = filled(1, 2, 3)
    taken(spool, spool.batch(3), peer="leader", have=3)
    spool.add(ran(4))
    assert taken(spool, spool.batch(4), peer="follower", have=0, now=4) == 3
    assert taken(spool, spool.batch(4), peer="follower", have=4, now=5) == 0


def test_a_low_count_while_older_results_wait_here_is_no_loss() -> None:
    spool = filled(1, 2, 990, 991)
    assert taken(spool, spool.batch(1000, results=2), have=0, now=1000) == 0
    spool.add(ran(1000))
    assert taken(spool, spool.batch(1000, results=1), have=0, now=1001) == 0


def test_what_was_acknowledged_long_ago_is_forgotten() -> None:
    spool = Spool(100, ring_s=900)
    spool.add(ran(1))
    taken(spool, spool.batch(1), have=1, now=1)
    spool.add(ran(1000))
    assert taken(spool, spool.batch(1000), have=0, now=1000) == 0


def test_no_more_of_the_acknowledged_is_kept_than_the_spool_holds() -> None:
    spool = Spool(3)
    for moment in range(10):
        spool.add(ran(moment))
        taken(spool, spool.batch(moment), have=moment + 1, now=moment)
    spool.add(ran(10))
    assert taken(spool, spool.batch(10), have=0, now=10) == 2


def test_a_leader_that_does_not_say_what_it_has_is_not_sent_more() -> None:
    spool = filled(1, 2)
    taken(spool, spool.batch(2), peer="a", have=2)
    spool.add(ran(3))
    assert taken(spool, spool.batch(3), peer="b", have=None, now=3) == 0


@given(st.lists(st.sampled_from(["add", "lose", "take", "store only"]), max_size=60), st.data())
def test_every_result_is_stored_or_waits_or_is_counted(
    steps: list[str], data: st.DataObject
) -> None:
    spool, stored, added, now, told = Spool(8), set[int](), 0, 0.0, 0
    for step in steps:
        now += data.draw(st.sampled_from([0.1, 20.0, 60.0]))
        if step == "add":
            spool.add(ran(now))
            added += 1
            continue
        batch = spool.batch(now, results=data.draw(st.integers(1, 4)))
        if step == "store only":  # the acknowledgement is lost
            stored |= set(batch.seqs)
        elif step == "take":
            stored |= set(batch.seqs)
            told += batch.dropped
            taken(spool, batch, have=0, now=now)
    waiting = set(spool.batch(now).seqs)
    lost = set(range(1, added + 1)) - stored - waiting
    assert len(lost) <= told + spool.dropped
    assert list(waiting) == [] or max(waiting) <= added


def test_what_was_lost_is_counted_for_good_and_placed_in_time() -> None:
    spool = filled(1, 2, 3, 4, 5, capacity=3)
    assert (spool.dropped, spool.lost, spool.lost_between) == (2, 2, (1, 2))
    taken(spool, spool.batch(5))
    assert (spool.dropped, spool.lost, spool.lost_between) == (0, 2, (1, 2))
    for began in range(6, 10):
        spool.add(ran(began))
    assert (spool.dropped, spool.lost, spool.lost_between) == (1, 3, (1, 6))


def test_what_was_lost_on_its_way_and_arrived_is_not_lost() -> None:
    spool = filled(1, 2, capacity=2)
    batch = spool.batch(2)
    spool.add(ran(3))
    assert spool.lost == 1
    taken(spool, batch)
    assert (spool.lost, spool.dropped) == (0, 0)
