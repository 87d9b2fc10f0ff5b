"""`/status/json`: one entry for every monitor that may be shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.percents import uptime_percent
from uptop_leader.public_views.banner import overall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uptop_leader.percents import Observed
    from uptop_leader.public_views.looks import Look


class PublicMonitor(Struct, frozen=True, kw_only=True):
    """One monitor of `/status/json`; since is in Unix milliseconds, uptimes in percent, which are
    not told of a group with hidden members.
    """

    id: str
    name: str
    type: str
    status: str
    since: int
    uptime_24h: float | None
    covered_24h: float | None


class PublicStatus(Struct, frozen=True, kw_only=True):
    """`/status/json`."""

    overall: str
    updated: int
    monitors: tuple[PublicMonitor, ...]


def public_status(
    looks: Sequence[Look], uptimes: Mapping[str, Observed], now: float
) -> PublicStatus:
    """What `/status/json` says."""
    return PublicStatus(
        overall=overall(looks).value,
        updated=round(now * 1000),
        monitors=tuple(_public(look, uptimes.get(look.id)) for look in looks),
    )


def _public(look: Look, observed: Observed | None) -> PublicMonitor:
    uptime, covered = uptime_percent(None if look.is_part else observed)
    return PublicMonitor(
        id=look.id,
        name=look.name,
        type=look.type,
        status=look.status,
        since=look.since,
        uptime_24h=uptime,
        covered_24h=covered,
    )
