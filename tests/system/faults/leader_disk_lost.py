"""Row 27: the leader's disk is lost after it acknowledged; the follower never copied the results."""

from __future__ import annotations

from collections import Counter

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import a_pair
from tests.system.history import ResultRow
from tests.system.waiting import until

_LOOKS = {True: 60, False: 10}  # which only the leader has
_AGAIN_S = 30.0  # within which the probes have sent what the follower lacks


async def run(ground: Ground) -> str:
    scene = await a_pair(ground.town)
    town, pair, looks = scene.town, scene.pair, _LOOKS[ground.full]
    pair.process.kill()  # so that it copies nothing of what follows
    before = _rows(pair.history.results())
    await town.looks_come(*scene.sites.values(), each=looks, within_s=looks + 30)
    had = _rows(town.history.results())
    town.leader.kill()
    for path in town.folder.glob(f"{town.database.name}*"):
        path.unlink()
    await pair.start()
    await pair.takes_over()
    await town.looks_come(*scene.sites.values(), each=3)
    await until(
        "all is sent again", lambda: not _lacking(had, _rows(pair.history.results())), _AGAIN_S
    )
    for probe in town.probes.values():
        await probe.stop()
    # The rest is asked of the follower's records, as if they were the leader's.
    scene.watch.may_both = True
    town.take_for_leader(pair.process, pair.database, pair.port)
    now = _rows(town.history.results())
    lacking = _lacking(had, now)
    assert not lacking, f"the follower lacks {lacking} of {had}"
    again = {node: had[node] - before[node] for node in had}
    assert all(number >= looks for number in again.values()), again
    looked: Counter[str | None] = Counter()
    for target in scene.sites.values():
        looked += target.counts()
    assert all(now[node] <= looked[node] for node in now), f"{now} rows of {looked} looks"
    assert scene.receiver.events() == [], scene.receiver.events()
    return f"acknowledged by the lost one and sent again: {dict(sorted(again.items()))}; none twice"


def _lacking(had: Counter[str], now: Counter[str]) -> dict[str, int]:
    return {node: had[node] - now[node] for node in had if now[node] < had[node]}


def _rows(results: list[ResultRow]) -> Counter[str]:
    return Counter(row.node for row in results)


FAULT = Fault(
    row="27",
    name="leader-disk-lost",
    what="the leader's disk is lost after it acknowledged, and the follower has no copy of that",
    expected="the follower gets the last 15 min again from the probes",
    run=run,
)
