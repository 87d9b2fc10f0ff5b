"""One of a pair: puts a leader's seat, or a follower's station with what it copies, together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from uptop_core.canaries import canary_check
from uptop_core.client import LeaderClient
from uptop_core.run_check import run_check
from uptop_leader.copying.copier import Copier
from uptop_leader.copying.giving_back import Giver
from uptop_leader.election.seat import Seat
from uptop_leader.election.station import Station
from uptop_leader.election.words import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_core.clock import Clock
    from uptop_core.constants import TimeConstants
    from uptop_leader.helm import Helm
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store

POLL_SHARE = (
    0.4  # of a beat, that an answer may take: a poll and its second try end before the next
)


def take_seat(helm: Helm, store: Store, clock: Clock, timings: TimeConstants) -> Seat:
    """Give a leader its place."""
    helm.place = seat = Seat(
        store, clock, pace_of(timings), is_healthy=helm.is_well, on_change=helm.turn
    )
    helm.ring.keeps = seat.is_paired
    return seat


def take_station(
    helm: Helm, settings: LeaderSettings, store: Store, clock: Clock
) -> tuple[Station, Copier, tuple[LeaderClient, LeaderClient]]:
    """Give a follower its place. Returns it with what copies, and the clients to be closed."""
    pace = pace_of(settings.timings)
    url, secret = settings.peer_url, settings.cluster_secret
    asks = LeaderClient(url, secret=secret, deadline_s=POLL_SHARE * pace.beat)
    fetches = LeaderClient(url, secret=secret)
    giver = Giver(
        fetches,
        store,
        helm.ring,
        mirrors=settings.follower_mirror,
        epoch=lambda: station.known_epoch,
    )
    copier = Copier(
        fetches,
        store,
        clock,
        helm.wheel,
        mirrors=settings.follower_mirror,
        may_copy=lambda: not station.state.active,
        epoch=lambda: station.known_epoch,
        own_epoch=lambda: station.epoch,
    )
    helm.ring.keeps = True
    helm.copy_health = copier.health if settings.follower_mirror else None
    helm.place = station = Station(
        settings.effective_node_id,
        asks,
        store,
        clock,
        pace,
        has_line=_line(settings),
        bar=lambda: copier.bar,
        give_back=giver.give_back,
        drain=helm.sent,
        ended=helm.ended,
        on_change=helm.turn,
    )
    return station, copier, (asks, fetches)


def pace_of(timings: TimeConstants) -> Pace:
    """The time constants of an election."""
    return Pace(
        beat=timings.beat,
        misses=timings.misses,
        stall=timings.stall,
        wait=timings.wait,
        word=timings.word,
        fresh=timings.fresh,
        hold=timings.hold,
    )


def _line(settings: LeaderSettings) -> Callable[[], Awaitable[bool]]:
    """Whether one of the canaries answers; true where there are none."""
    checks = [canary_check(written) for written in settings.canaries]

    async def has_line() -> bool:
        found: list[bool] = []

        async def ask(number: int) -> None:
            outcome = await run_check(
                checks[number], timeout=POLL_SHARE * settings.timings.beat, vantage=settings.vantage
            )
            found.append(outcome.up)
            if outcome.up:
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for number in range(len(checks)):
                tasks.start_soon(ask, number)
        return not checks or any(found)

    return has_line
