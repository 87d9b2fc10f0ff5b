"""A day without any leader, in virtual time: the probe goes on, keeps what fits, and hands it over."""

from __future__ import annotations

from itertools import pairwise

from uptop_core.checks.port import PortCheck
from uptop_core.outcomes import Outcome, Timings
from uptop_core.runner import RanResult
from uptop_core.schedule import Schedule, phase
from uptop_core.wire import Assignment
from uptop_probe.spool import BATCH_RESULTS, LIVE_S, Spool

DAY_S = 86_400
CHECK = PortCheck(hostname="127.0.0.1", port=1)


def goes_through(spool: Spool, monitors: int, seconds: float) -> dict[str, list[float]]:
    """Run so many monitors for so long by what was assigned at the start; when each was looked at."""
    schedule = Schedule()
    names = [f"m{number}" for number in range(monitors)]
    schedule.update(
        [Assignment(id=name, name=name, check=CHECK, phase=phase(name, 0)) for name in names], 0.0
    )
    looks: dict[str, list[float]] = {name: [] for name in names}
    while (now := schedule.next_at()) is not None and now <= seconds:
        for tick in schedule.due(now):
            assignment = tick.assignment
            looks[assignment.id].append(now)
            outcome = Outcome(up=True, timings=Timings(total_ns=1))
            spool.add(RanResult(assignment=assignment, outcome=outcome, began=now, began_wall=now))
    return looks


def hands_over(spool: Spool, now: float, peer: str = "follower") -> list[int]:
    """Everything in the order it goes to a node that has taken over; its seqs."""
    seqs: list[int] = []
    while len(spool):
        batch = spool.batch(now)
        assert len(batch.seqs) <= BATCH_RESULTS
        seqs += batch.seqs
        spool.acknowledge(batch, peer=peer, have=None, rejected=(), now=now)
    return seqs


def test_checks_go_on_for_a_day_and_all_of_it_is_handed_over_the_newest_first() -> None:
    spool = Spool(50_000)
    looks = goes_through(spool, 30, DAY_S)
    for moments in looks.values():
        assert all(later - earlier < 60.001 for earlier, later in pairwise(moments))
        assert len(moments) >= DAY_S // 60
    seqs = hands_over(spool, DAY_S)
    count = sum(map(len, looks.values()))
    assert sorted(seqs) == list(range(1, count + 1))
    live = round(30 * LIVE_S / 60)
    assert min(seqs[:live]) >= count - live - 30, "live ones go first"
    assert seqs[-1] < min(seqs[:live]), "then the oldest and on from there"
    assert spool.lost == 0


def test_what_a_day_brings_beyond_the_spool_is_dropped_from_its_beginning_and_counted() -> None:
    spool = Spool(50_000)
    looks = goes_through(spool, 60, DAY_S)
    count = sum(map(len, looks.values()))
    assert len(spool) == 50_000
    assert spool.lost == count - 50_000
    assert min(hands_over(spool, DAY_S)) == spool.lost + 1
