"""Part of step 10: a monitor that goes up and down all the time is told once, not each time. Pure.

The fourth change within half an hour is told as "flapping"; after that nothing, until it has been
quiet for a while; then how it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor
    from uptop_leader.telling import Telling

FLAPPING = "flapping"
MOVES = 4
WITHIN_S = 1800.0
QUIET_INTERVALS = 5


def moved(telling: Telling, now: float) -> tuple[Telling, bool]:
    """A change happened that people would be told of; whether they are to be told of it.

    When they are not, either it is flapping already, or this is the change that makes it so:
    then `flapping` of the new telling is `now`.
    """
    if telling.flapping is not None:
        return replace(telling, moved=now), False
    moves = (*(at for at in telling.moves if now - at < WITHIN_S), now)
    if len(moves) < MOVES:
        return replace(telling, moves=moves), True
    return replace(telling, moves=moves, flapping=now, moved=now), False


def quiet_at(monitor: Monitor, telling: Telling, quiet_s: float) -> float | None:
    """When it will have been quiet for long enough, so for `quiet_s` at least; None when it is not
    flapping.
    """
    if telling.flapping is None:
        return None
    last = telling.moved if telling.moved is not None else telling.flapping
    return last + max(QUIET_INTERVALS * monitor.interval, quiet_s)


def settled(telling: Telling) -> Telling:
    """It is flapping no more."""
    return replace(telling, moves=(), flapping=None, moved=None)
