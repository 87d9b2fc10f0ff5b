"""Monitors seen from each region: how they were there, and the latencies of one over time.

A region is where its nodes are now. Sketches of several nodes and buckets are added up, so that
quantiles are those of all results together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import select

from uptop_leader.store.history import Latency
from uptop_leader.store.latencies import (
    latency_of,
    totals_between,
    waiting_for,
    whole_since,
)
from uptop_leader.store.levels import DAY, FIVE, HOUR
from uptop_leader.store.rollups import add_level, by_bucket
from uptop_leader.store.sums import Rollup, Totals
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_SERIES = METADATA.tables["series"]
_DAY_S = 86_400


class Regional(Struct, frozen=True, kw_only=True):
    """A monitor in a region within a window, seconds. `uptime` and `covered` are from 0 to 1 and by
    time: the mean of the region's nodes, and the part of the window that its best node has seen.
    """

    latency: Latency
    uptime: float | None
    covered: float


class Point(Struct, frozen=True, kw_only=True):
    """The latencies of one bucket that begins at `at_ms` and lasts `lasts_ms`."""

    at_ms: int
    lasts_ms: int
    latency: Latency


def regional(
    connection: Connection,
    monitor: str,
    region_of: Mapping[str, str],
    now: float,
    seconds: float,
) -> dict[str, Regional]:
    """How the monitor was in each region in the last `seconds`."""
    since, until = whole_since(now, seconds), to_ms(now) + 1
    nodes = _nodes(connection, monitor)
    totals = totals_between(connection, since, until, nodes)
    return _by_region(totals, nodes, region_of, until - since)


def regional_of_all(
    connection: Connection, region_of: Mapping[str, str], now: float, seconds: float
) -> dict[str, dict[str, Regional]]:
    """How every monitor was in each region, in whole five minutes and as far as these are rolled
    up: what can be afforded of all monitors at once.
    """
    since, until = FIVE.start_of(to_ms(now - seconds)), FIVE.start_of(to_ms(now))
    totals: Totals = {}
    add_level(connection, FIVE, since, until, totals)
    by_monitor: dict[str, tuple[Totals, dict[int, str]]] = {}
    for row in connection.execute(select(_SERIES)):
        if row.id in totals:
            sums, nodes = by_monitor.setdefault(row.monitor, ({}, {}))
            sums[row.id], nodes[row.id] = totals[row.id], row.node
    return {
        monitor: _by_region(sums, nodes, region_of, until - since)
        for monitor, (sums, nodes) in by_monitor.items()
    }


def _by_region(
    totals: Totals, nodes: Mapping[int, str], region_of: Mapping[str, str], window_ms: int
) -> dict[str, Regional]:
    best: dict[str, int] = {}
    for series, rollup in totals.items():
        region = region_of.get(nodes[series], "")
        best[region] = max(best.get(region, 0), rollup.seen_ms)
    return {
        region: Regional(
            latency=latency_of(rollup),
            uptime=1 - rollup.down_ms / rollup.seen_ms if rollup.seen_ms else None,
            covered=min(1.0, best[region] / window_ms),
        )
        for region, rollup in _merged(totals, nodes, region_of).items()
    }


def points(
    connection: Connection,
    monitor: str,
    region_of: Mapping[str, str],
    now: float,
    seconds: float,
) -> dict[str, list[Point]]:
    """The monitor's latencies over the last `seconds` in each region, the oldest first: of five
    minutes each, above a day of an hour, above 30 days of a day. What was not seen has no point.
    """
    level = FIVE if seconds <= _DAY_S else HOUR if seconds <= 30 * _DAY_S else DAY
    nodes, now_ms = _nodes(connection, monitor), to_ms(now) + 1
    buckets = range(level.start_of(to_ms(now - seconds)), now_ms, level.length_ms)
    waiting = {level.start_of(moment) for moment in waiting_for(connection, level)}
    waiting.add(level.start_of(now_ms - 1))
    settled = [bucket for bucket in buckets if bucket not in waiting]
    totals = by_bucket(connection, level, settled, nodes)
    for bucket in waiting.intersection(buckets):
        end = min(bucket + level.length_ms, now_ms)
        totals[bucket] = totals_between(connection, bucket, end, nodes)
    found: dict[str, list[Point]] = {}
    for bucket, sums in sorted(totals.items()):
        lasts = min(level.length_ms, now_ms - bucket)
        for region, rollup in _merged(sums, nodes, region_of).items():
            point = Point(at_ms=bucket, lasts_ms=lasts, latency=latency_of(rollup))
            found.setdefault(region, []).append(point)
    return found


def _nodes(connection: Connection, monitor: str) -> dict[int, str]:
    """The nodes that have looked at the monitor, by series."""
    query = select(_SERIES.c.id, _SERIES.c.node).where(_SERIES.c.monitor == monitor)
    return {row.id: row.node for row in connection.execute(query)}


def _merged(
    totals: Totals, nodes: Mapping[int, str], region_of: Mapping[str, str]
) -> dict[str, Rollup]:
    merged: dict[str, Rollup] = {}
    for series, rollup in totals.items():
        merged.setdefault(region_of.get(nodes[series], ""), Rollup()).add(rollup)
    return merged
