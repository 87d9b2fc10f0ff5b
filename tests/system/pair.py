"""A leader and its follower beside a cluster: both real processes, each with its own database."""

from __future__ import annotations

import re
from typing import Any

from tests.system.cluster import Cluster
from tests.system.history import History
from tests.system.pair_watch import PairWatch
from tests.system.processes import Process
from tests.system.waiting import until
from uptop_core.wire import Health

PAIR_QUICK = (
    "poll=1 instance=3 offline=6 told=12 silence=12 take_over=6 flush=0.2 soon=1 answer=2"
    " unknown=60 digest=0.1 beat=1 stall=1.5 wait=3 word=3.5 fresh=1 hold=6"
)
"""Time constants at about a fifth: a machine that is busy stands still for a second."""

_SAME_MS = 250
SAME_MEASURED_MS = 5000
"""How far apart the times may be that each has made of the age of one result: by its latency it is known
however long a report was on its way to one of the two (decision 0014)."""
_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class Pair:
    """The follower of a cluster's leader. `towards` is the port at which it finds the leader."""

    def __init__(
        self, town: Cluster, name: str = "follower", *, towards: int | None = None, **settings: str
    ) -> None:
        self.town = town
        self.database = town.folder / f"{name}.db"
        self.history = History(self.database)
        self.process = Process(name, ["-m", "uptop_leader"], town.folder)
        self.port = 0
        self._towards = towards
        self.settings = settings
        town.others.append(self.process)

    @property
    def url(self) -> str:
        """Where the follower listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def peers(self) -> str:
        """What probes are told: the leader first."""
        return f"{self.town.url},{self.url}"

    def watch(self) -> PairWatch:
        """Look at both from now on; what must hold of them is checked at the end of the run."""
        books = {"leader": self.town.history, "follower": self.history}
        watch = PairWatch(lambda: self.town.health_of(self.town.url), self.health, books)
        self.town.attend(watch.run, watch.assert_held)
        return watch

    def environment(self) -> dict[str, str]:
        """Its settings, which its commands need too."""
        settings = {
            **self.town.leader_environment(),
            "UPTOP_DB_DSN": str(self.database),
            "UPTOP_HTTP_PORT": str(self.port),
            "UPTOP_CLUSTER_MODE": "follower",
            "UPTOP_PEER_URL": f"http://127.0.0.1:{self._towards or self.town.port}",
            **{f"UPTOP_{name.upper()}": value for name, value in self.settings.items()},
        }
        return {name: value for name, value in settings.items() if value}

    async def start(self) -> None:
        """Start it and wait until it stands by, or acts; later starts take the same port."""
        self.process.start(self.environment())
        if not self.port:
            await until("the follower tells its port", self._is_port_told)
        await until("the follower is well", self._is_well)

    def _is_port_told(self) -> bool:
        assert self.process.is_running, f"the follower has ended:\n{self.process.tail()}"
        found = _LISTENING.search(self.process.said())
        self.port = int(found[1]) if found else 0
        return found is not None

    async def _is_well(self) -> bool:
        health = await self.health()
        return health is not None and health.status == "ok"

    async def health(self) -> Health | None:
        """What it says of itself; None while it does not answer."""
        return await self.town.health_of(self.url)

    async def is_active(self) -> bool:
        """Whether it acts."""
        health = await self.health()
        return health is not None and health.active and health.status == "ok"

    async def is_leader_active(self) -> bool:
        """Whether the leader acts."""
        health = await self.town.health_of(self.town.url)
        return health is not None and health.active and health.status == "ok"

    async def copied(self, within_s: float = 30.0) -> None:
        """Wait until it has everything that the leader has decided."""

        def same() -> bool:
            return self.database.exists() and _decided(self.history) == _decided(self.town.history)

        await until("the follower has copied everything", same, within_s)

    async def same_results(self, within_s: float = 30.0, apart_ms: int = SAME_MEASURED_MS) -> int:
        """Wait until both have the same results, which takes that no more come; how many."""

        differ: list[str] = []

        def same() -> bool:
            mine, other = _results(self.history), _results(self.town.history)
            differ[:] = _differences(mine, other, apart_ms)
            return not differ

        try:
            await until("both have the same results", same, within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {'; '.join(differ[:5])}") from None
        return len(_results(self.history))

    async def takes_over(self, within_s: float = 30.0) -> None:
        """Wait until it acts."""
        await until("the follower takes over", self.is_active, within_s)

    async def stands_by(self, within_s: float = 30.0) -> None:
        """Wait until the leader acts and this one does not."""

        async def is_back() -> bool:
            return await self.is_leader_active() and not await self.is_active()

        await until("the leader has been handed back to", is_back, within_s)


def _decided(history: History) -> list[object]:
    """Everything that must be the same in both databases, but for results."""
    return [
        history.select(question)
        for question in (
            "SELECT id, name, spec IS NOT NULL, deleted_ms FROM monitor ORDER BY id",
            "SELECT id, name, type FROM channel ORDER BY id",
            "SELECT monitor, belief, since_ms, status, incident FROM state ORDER BY monitor",
            "SELECT id, number, started_ms, confirmed_ms, ended_ms, cause FROM incident ORDER BY id",
            "SELECT monitor, at_ms, known_ms, belief_to, status_to, cause FROM transition"
            " ORDER BY monitor, at_ms, known_ms",
            "SELECT key, event, done_ms IS NULL FROM notification ORDER BY key",
            "SELECT value FROM meta WHERE key IN ('cluster', 'config_version') ORDER BY key",
        )
    ]


def _differences(mine: list[Any], other: list[Any], apart_ms: int) -> list[str]:
    """What only one of the two has; a result is known by its latency, and its time about."""
    here, there = _times(mine), _times(other)
    found = []
    for key in here.keys() | there.keys():
        left, right = here.get(key, []), there.get(key, [])
        _, _, latency_us, _ = key
        most_ms = apart_ms if latency_us else _SAME_MS
        if len(left) != len(right) or any(
            abs(one - two) > most_ms for one, two in zip(left, right, strict=True)
        ):
            found.append(f"{key}: at {left} here, at {right} there")
    return found


def _times(rows: list[Any]) -> dict[tuple[Any, ...], list[int]]:
    found: dict[tuple[Any, ...], list[int]] = {}
    for *key, at in rows:
        found.setdefault(tuple(key), []).append(at)
    return found


def _results(history: History) -> list[Any]:
    return history.select(
        "SELECT s.monitor, s.node, r.latency_us, r.reason, r.time_ms FROM result r"
        " JOIN series s ON s.id = r.series ORDER BY 1, 2, 3, 4, 5"
    )
