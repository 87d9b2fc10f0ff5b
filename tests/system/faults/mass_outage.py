"""Row 15: 500 targets are black-holed at once, while 20 others are well."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from itertools import pairwise
from typing import Any

import anyio
from msgspec import Struct

from tests.system.black_hole import BlackHole
from tests.system.cluster import QUICK, USUAL, Cluster, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.receiver import Receiver
from tests.system.waiting import until

_LOST, _WELL = 500, 20
_PROBES = ("west", "east")
_SLOTS = 100  # half of them are for ticks in any case: more than the timeouts of the lost take
_JITTER_S = 0.5  # between sending a message and our noting it


class Scale(Struct, frozen=True):
    """How fast all goes. The timeouts take the same part of the time. `lag_s` is how late a look at
    a host that is well may be: as the goal is, or so that it is not missed.
    """

    timings: str
    interval: int
    timeout: int
    digest_s: float
    lag_s: float

    @property
    def patience_s(self) -> float:
        """All have been looked at, rechecked and told."""
        return 60 + 6 * self.interval


_SCALE = {
    True: Scale(USUAL, 60, 5, 10.0, 2.0),
    False: Scale(
        QUICK.replace("soon=1", "soon=6").replace("digest=0.1", "digest=2"), 12, 1, 2.0, 6.0
    ),
}


async def run(ground: Ground) -> str:
    scale, town = _SCALE[ground.full], ground.town
    town.timings = scale.timings
    with closing(BlackHole()) as lost, closing(BlackHole()) as well:
        receiver = await _watched(town, scale, lost, well)
        await lost.swallow()
        began = anyio.current_time()
        await until("it is told", lambda: receiver.told, scale.patience_s)
        first = anyio.current_time() - began
        down = await _all_told(receiver, "down", scale)
        await anyio.sleep(scale.interval)
        lag = _lag(well, scale)
        assert set(receiver.events()) == {"down"}, Counter(receiver.events())
        lost.release()
        up = await _all_told(receiver, "up", scale)
        assert set(receiver.events()) == {"down", "up"}, Counter(receiver.events())
        _assert_lists(receiver, scale)
        await _all_up(town, scale)
    return (
        f"first message after {first:.0f} s, all {_LOST} told after {down:.0f} s; the"
        f" {_WELL} others looked at, late by {lag:.1f} s at most; all back after {up:.0f} s; in all"
        f" {len(receiver.told)} messages, {scale.digest_s:g} s apart at least"
    )


async def _watched(town: Cluster, scale: Scale, lost: BlackHole, well: BlackHole) -> Receiver:
    """All are seen up by everybody."""
    receiver = await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in _PROBES:
        await town.start_probe(name, region=name, probe_concurrency=str(_SLOTS))
    facts: dict[str, Any] = {
        "type": "http",
        "interval": scale.interval,
        "timeout": scale.timeout,
        "retry_interval": scale.timeout,
        "alerts": ["ops"],
    }
    sites = {
        **{f"lost-{number}": url for number, url in enumerate(lost.urls(_LOST))},
        **{f"well-{number}": url for number, url in enumerate(well.urls(_WELL))},
    }
    monitors = [{"name": name, "url": url, **facts} for name, url in sites.items()]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    await _all_up(town, scale)
    return receiver


async def _all_up(town: Cluster, scale: Scale) -> None:
    async def are_up() -> bool:
        known = (await town.monitors()).values()
        return all(one.status == "UP" and one.votes_up == len(_PROBES) for one in known)

    await until("all are UP for both", are_up, scale.patience_s)


async def _all_told(receiver: Receiver, event: str, scale: Scale) -> float:
    """Wait until an event of each of the lost is told; after how many seconds it was."""
    began = anyio.current_time()

    def are_told() -> bool:
        return receiver.events().count(event) >= _LOST

    await until(f"{event} is told of all", are_told, scale.patience_s)
    assert receiver.events().count(event) == _LOST, Counter(receiver.events())
    return anyio.current_time() - began


def _lag(well: BlackHole, scale: Scale) -> float:
    """By how much any look at a host that is well came too late: the probes take turns."""
    pause = scale.interval / len(_PROBES)
    gaps = [later - earlier for times in well.looks.values() for earlier, later in pairwise(times)]
    assert len(well.looks) == _WELL
    lag = max(0.0, max(gaps) - pause)
    assert lag <= scale.lag_s, f"a healthy one was looked at {lag:.1f} s late"
    return lag


def _assert_lists(receiver: Receiver, scale: Scale) -> None:
    """One message, then lists that leave the channel alone for a while."""
    assert receiver.told[0].event == "down", receiver.told[0]
    pauses = [later.at - earlier.at for earlier, later in pairwise(receiver.told)]
    assert min(pauses) >= scale.digest_s - _JITTER_S, f"two messages within {min(pauses):.1f} s"


FAULT = Fault(
    row="15",
    name="mass-outage",
    what=f"{_LOST} targets black-holed at once, {_WELL} others are well",
    expected="the healthy in time; the first message, then at most one list per channel and 10 s",
    run=run,
)
