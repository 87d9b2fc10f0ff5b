"""What views ask of a store: incidents, results, uptime, latencies. Nothing is changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.store import reading, regions, uptime
from uptop_leader.store.latencies import latency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.reliability import Reliability
    from uptop_leader.store.connections import Connections
    from uptop_leader.store.day_blocks import Days
    from uptop_leader.store.history import Day, Latency, RawResult, Uptime
    from uptop_leader.store.regions import Point, Regional


class Shown:
    """What is asked of the store by who shows. See `Store`."""

    _connections: Connections

    def incidents(
        self,
        open_only: bool = False,
        monitor: str | None = None,
        limit: int = 50,
        before: float | None = None,
        since: float | None = None,
        beyond: tuple[float, str] | None = None,
    ) -> list[Incident]:
        """See `reading.incidents`."""
        with self._connections.reading() as connection:
            return reading.incidents(
                connection,
                open_only=open_only,
                monitor=monitor,
                limit=limit,
                before=before,
                since=since,
                beyond=beyond,
            )

    def incident(self, incident_id: str) -> Incident | None:
        """The incident of that id."""
        with self._connections.reading() as connection:
            return reading.incident(connection, incident_id)

    def incidents_of(self, ids: Collection[str]) -> list[Incident]:
        """The incidents of those ids, as far as there are any."""
        if not ids:
            return []
        with self._connections.reading() as connection:
            return reading.incidents_of(connection, ids)

    def transitions(self, monitor: str | None = None, limit: int = 50) -> list[Transition]:
        """The last transitions, the newest first."""
        with self._connections.reading() as connection:
            return reading.transitions(connection, monitor, limit)

    def numbered_transitions(
        self, monitor: str | None, limit: int, before: int | None
    ) -> list[tuple[int, Transition]]:
        """The same with their numbers, those before a number."""
        with self._connections.reading() as connection:
            return reading.numbered_transitions(connection, monitor, limit, before)

    def results(
        self, monitor: str, since: float, until: float, limit: int = 10_000
    ) -> list[RawResult]:
        """Raw results of a monitor observed in [since, until), the oldest first."""
        with self._connections.reading() as connection:
            return reading.results(connection, monitor, since, until, limit)

    def uptime(self, now: float, seconds: float) -> dict[str, Uptime]:
        """The uptime of every monitor in the last `seconds`, by time."""
        with self._connections.reading() as connection:
            return uptime.uptime(connection, now, seconds)

    def daily(self, now: float, days: int = 90) -> dict[str, list[Day]]:
        """The last days of every monitor, UTC, the oldest first and today last."""
        with self._connections.reading() as connection:
            return uptime.daily(connection, now, days)

    def day_columns(self, now: float, days: int = 90) -> dict[str, Days]:
        """The same as columns, for who shows those of all monitors at once."""
        with self._connections.reading() as connection:
            return uptime.columns(connection, now, days)

    def latency(self, now: float, seconds: float) -> dict[tuple[str, str], Latency]:
        """The latencies of every (monitor, node) in the last `seconds`."""
        with self._connections.reading() as connection:
            return latency(connection, now, seconds)

    def reliability(
        self, monitor: str, now: float, windows: Mapping[str, float]
    ) -> dict[str, Reliability]:
        """How reliable a monitor was in each of `windows`: seconds before now, by name. Empty for
        one that is not there.
        """
        with self._connections.reading() as connection:
            return uptime.reliabilities(connection, monitor, now, windows)

    def reliability_of_all(self, now: float, seconds: float) -> dict[str, Reliability]:
        """How reliable every monitor was in the last `seconds`."""
        with self._connections.reading() as connection:
            return uptime.reliability_of_all(connection, now, seconds)

    def days(self, monitor: str, now: float, days: int) -> list[Day]:
        """The last days of one monitor, like `daily`."""
        with self._connections.reading() as connection:
            return uptime.daily(connection, now, days, monitor).get(monitor, [])

    def regional(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> dict[str, Regional]:
        """How a monitor was in each region; `region_of` tells a node's."""
        with self._connections.reading() as connection:
            return regions.regional(connection, monitor, region_of, now, seconds)

    def regional_of_all(
        self, region_of: Mapping[str, str], now: float, seconds: float
    ) -> dict[str, dict[str, Regional]]:
        """The same of every monitor, from what is rolled up."""
        with self._connections.reading() as connection:
            return regions.regional_of_all(connection, region_of, now, seconds)

    def points(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> dict[str, list[Point]]:
        """The latencies of a monitor over time in each region, the oldest first."""
        with self._connections.reading() as connection:
            return regions.points(connection, monitor, region_of, now, seconds)
