"""Row 28: a follower that cannot follow. No take-over, no crash, one clear line.

Each has the leader killed in the end, and time enough to take over if it would.
"""

from __future__ import annotations

import anyio

from tests.system.cluster import Cluster, site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.waiting import until

_PATIENCE_S = 8.0  # a take-over would have come by then
_NO_TAKE_OVER = "not taking over"


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = PAIR_QUICK
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader()
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
    stranger = await town.target()
    newer = await town.line(lambda: town.port)
    newer.rewrite = (b'"schema":"0001"', b'"schema":"9999"')
    said = {
        "wrong secret": await _refused(
            Pair(town, "wrong-secret", cluster_secret="another"),
            "answered 401: the cluster secret is wrong",
        ),
        "no leader there": await _refused(
            Pair(town, "astray", towards=stranger.port), "answered, but not like a leader"
        ),
        "no key": await _refused(
            Pair(town, "keyless", encryption_key=""),
            "the leader seals its credentials: set UPTOP_ENCRYPTION_KEY",
        ),
        "other schema": await _refused(
            Pair(town, "older", towards=newer.port), "bring both to the same version"
        ),
    }
    town.leader.kill()
    followers = list(said.values())
    for pair in followers[2:]:  # which know that it was a leader, and have nothing of it
        await pair.start()
        await _says(pair, _NO_TAKE_OVER)
    await anyio.sleep(_PATIENCE_S)
    for pair in followers:
        assert not await pair.is_active(), pair.process.tail()
        assert "Traceback" not in pair.process.said(), pair.process.tail()
    return f"{', '.join(said)}: none took over, none crashed, each said why once"


async def _refused(pair: Pair, words: str) -> Pair:
    """It says so once and does nothing; those that poll as a follower do so one by one."""
    await pair.start()
    await _says(pair, words)
    await anyio.sleep(_PATIENCE_S / 2)
    assert pair.process.is_running
    assert not await pair.is_active()
    assert pair.process.said().count(words) == 1, pair.process.tail()
    await _is_well(pair.town)
    await pair.process.stop()
    return pair


async def _says(pair: Pair, words: str) -> None:
    await until(f"{pair.process.name} says {words!r}", lambda: words in pair.process.said())


async def _is_well(town: Cluster) -> None:
    assert await town.is_well(), "the leader suffers from it"


FAULT = Fault(
    row="28",
    name="follower-refused",
    what="wrong secret, other schema, not a leader at that URL, no encryption key where the leader"
    " has one",
    expected="no promotion, no crash, one clear line",
    run=run,
)
