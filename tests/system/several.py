"""Several leaders on one PostgreSQL: real processes, each with a way of its own to the database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import anyio
import psycopg
from anyio import to_thread
from msgspec import Struct
from sqlalchemy import create_engine, insert

from tests.pgbouncer import bouncing
from tests.postgres_server import PASSWORD, USER, PostgresServer, running
from tests.system.cluster import Cluster
from tests.system.processes import Process
from tests.system.relay import Relay
from tests.system.waiting import until
from uptop_core.wire import Health
from uptop_leader.store.tables import METADATA

TENTH = (
    "poll=1 instance=3 offline=6 told=12 silence=12 take_over=6 flush=0.2 soon=1 answer=2"
    " unknown=60 digest=0.1 beat=0.5 fence=1.2 lease=1.5 fresh=0.5"
)
"""Time constants at about a tenth."""

IN_TRANSACTION = b"FOR KEY SHARE"
"""What a leader says within each transaction that writes, and nowhere else."""

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_WATCH = """
CREATE TABLE writes (at serial, who text, holder text, epoch bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO writes (who, holder, epoch)
    SELECT current_setting('application_name'), holder, epoch FROM lease;
  RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE ON heartbeat FOR EACH ROW EXECUTE FUNCTION note();
"""


class Sight(Struct, frozen=True):
    """A leader that said it acts: between these moments."""

    name: str
    epoch: int
    asked: float
    answered: float


class One:
    """One of the leaders. `relay` is its way to the database."""

    def __init__(self, town: Cluster, name: str, relay: Relay) -> None:
        self.name = name
        self.relay = relay
        self.process = Process(name, ["-m", "uptop_leader"], town.folder)
        self.port = 0
        self.stands_still = False
        self._town = town
        town.others.append(self.process)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, database: str, **settings: str) -> None:
        """Start it; later starts take the same port."""
        port = self.relay.port
        dsn = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}?application_name={self.name}"
        self.process.start(
            {
                **self._town.leader_environment(),
                "UPTOP_DB_TYPE": "postgres",
                "UPTOP_DB_DSN": dsn,
                "UPTOP_HTTP_PORT": str(self.port),
                "UPTOP_NODE_ID": self.name,
                "UPTOP_LEADER_CHECKS": "never",
                **{f"UPTOP_{name.upper()}": value for name, value in settings.items()},
            }
        )

    async def listens(self) -> None:
        """Wait until it tells its port."""
        if not self.port:
            await until(f"{self.name} tells its port", self._is_port_told)

    def _is_port_told(self) -> bool:
        assert self.process.is_running, f"{self.name} has ended:\n{self.process.tail()}"
        found = _LISTENING.search(self.process.said())
        self.port = int(found[1]) if found else 0
        return found is not None

    def pause(self) -> None:
        """Let it stand still."""
        self.stands_still = True
        self.process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.stands_still = False
        self.process.resume()

    async def health(self) -> Health | None:
        """What it says of itself; None while it does not answer."""
        if self.stands_still:
            return None
        return await self._town.health_of(self.url)


class Several:
    """Leaders on a database of a server, whose port for them is `door`."""

    def __init__(self, town: Cluster, server: PostgresServer, database: str, door: int) -> None:
        self.town = town
        self.server = server
        self.database = database
        self._door = door
        self.leaders: list[One] = []
        self.sights: list[Sight] = []

    @property
    def peers(self) -> str:
        """What probes are told."""
        return ",".join(one.url for one in self.leaders)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.server.dsn(self.database).text, autocommit=True) as raw:
            found = raw.execute(question.encode())
            return found.fetchall() if found.description else []

    async def start(self, count: int, **settings: str) -> None:
        """Start so many leaders, and wait until one acts and all are well."""
        for number in range(1, count + 1):
            relay = await self.town.comes(lambda tasks: Relay(tasks, self._door))
            one = One(self.town, f"leader-{number}", relay)
            self.leaders.append(one)
            one.start(self.database, **settings)
        for one in self.leaders:
            await one.listens()
        await self.one_acts(within_s=90)

    async def holder(self) -> One | None:
        """Who acts, as far as each says; every answer is kept as a sight."""
        found: list[One] = []

        async def look(one: One) -> None:
            asked = anyio.current_time()
            health = await one.health()
            if health is not None and health.active and health.status == "ok":
                self.sights.append(Sight(one.name, health.epoch, asked, anyio.current_time()))
                found.append(one)

        async with anyio.create_task_group() as tasks:
            for one in self.leaders:
                tasks.start_soon(look, one)
        return found[0] if len(found) == 1 else None

    async def one_acts(self, *, but: One | None = None, within_s: float = 60.0) -> One:
        """Wait until exactly one acts, another one than `but`; the API is asked there from now on."""
        found: list[One] = []

        async def is_there() -> bool:
            one = await self.holder()
            found[:] = [one] if one is not None and one is not but else []
            return bool(found)

        await until("one leader acts", is_there, within_s)
        self.town.port = found[0].port
        return found[0]

    async def stands_by(self, one: One) -> None:
        """Wait until a leader stands by, and is well."""

        async def idles() -> bool:
            health = await one.health()
            return health is not None and health.status == "ok" and not health.active

        await until(f"{one.name} stands by", idles)

    def assert_one_at_a_time(self) -> None:
        """I1 and I6: nobody was seen to act at an older epoch after a newer one was, and nobody
        but the holder has ever written what only it may write.
        """
        first: dict[int, float] = {}
        for sight in self.sights:
            first[sight.epoch] = min(sight.answered, first.get(sight.epoch, sight.answered))
        for sight in self.sights:
            newer = [
                epoch for epoch, at in first.items() if epoch > sight.epoch and at < sight.asked
            ]
            assert not newer, f"{sight} after epochs {newer}"
        writes = self.ask("SELECT who, holder, epoch FROM writes ORDER BY at")
        wrong = [(who, holder) for who, holder, _ in writes if who != holder.split(" ")[0]]
        assert writes
        assert not wrong, wrong
        epochs = [epoch for *_, epoch in writes]
        assert epochs == sorted(epochs)

    def keep(self) -> None:
        """Keep everything in a file beside the town's, where its records are looked at."""
        source = create_engine("postgresql+psycopg://", creator=self._connect)
        target = create_engine(f"sqlite:///{self.town.database}")
        METADATA.create_all(target)
        with source.connect() as old, target.begin() as new:
            for table in METADATA.sorted_tables:
                rows = [dict(row._mapping) for row in old.execute(table.select())]
                if rows:
                    new.execute(insert(table), rows)
        source.dispose()
        target.dispose()

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.dsn(self.database).text)


@asynccontextmanager
async def several(
    town: Cluster, count: int, *, pooled: int = 0, **settings: str
) -> AsyncIterator[Several]:
    """So many leaders on a PostgreSQL of their own; their records are looked at when they end. With
    `pooled` they reach it through a pgbouncer that has so many connections for all of them.
    """
    town.secrets.add(PASSWORD)
    with ExitStack() as stack:
        server = await to_thread.run_sync(stack.enter_context, running())
        database = await to_thread.run_sync(server.make)
        door = server.port
        if pooled:
            door = await to_thread.run_sync(stack.enter_context, bouncing(server, pooled))
        leaders = Several(town, server, database, door)
        leaders.ask(_WATCH)
        try:
            await leaders.start(count, **settings)
            yield leaders
            await town.stop()
            leaders.assert_one_at_a_time()
            leaders.keep()
        finally:
            with anyio.CancelScope(shield=True):
                await town.stop()
