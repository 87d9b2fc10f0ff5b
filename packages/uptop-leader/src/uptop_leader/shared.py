"""One of several leaders on one database: its place among them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from uptop_leader.election.holder import Holder
from uptop_leader.election.lease import Pace

if TYPE_CHECKING:
    from uptop_core.clock import Clock
    from uptop_leader.helm import Helm
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store

_IDLE_SHARE = 5 / 12  # of a fence: a dead holder's transactions are over before its lease is


def take_lease(helm: Helm, settings: LeaderSettings, store: Store, clock: Clock) -> Holder:
    """Give a leader its place among others on its database."""
    me = f"{settings.effective_node_id} {uuid.uuid4().hex[:12]}"
    timings = settings.timings
    pace = Pace(beat=timings.beat, fence=timings.fence, lease=timings.lease)
    helm.place = helm.lease = holder = Holder(
        store.leases, clock, me, pace, is_fit=lambda: not helm.trouble, on_change=helm.turn
    )
    return holder


def idle_s(settings: LeaderSettings) -> float:
    """How long the database lets a transaction wait for its leader."""
    return settings.timings.fence * _IDLE_SHARE
