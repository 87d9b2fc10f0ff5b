"""A whole cluster of real processes on loopback: one leader, its probes, and what surrounds them.

`async with cluster(tmp_path) as town:` gives an empty one; everything that was started is ended
when the block ends, and when it ends badly the tails of all logs are shown.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import msgspec
from anyio.abc import TaskGroup

from tests.system.api import SECRET, Api
from tests.system.gateway import Gateway
from tests.system.history import History
from tests.system.http_listener import HttpListener
from tests.system.line import Line
from tests.system.processes import Process
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import PATIENCE_S, until
from uptop_core.wire import Health

T = TypeVar("T")
L = TypeVar("L", bound=HttpListener)

ENCRYPTION_KEY = "5eed" * 16
QUICK = "poll=1 instance=3 offline=6 told=12 silence=12 take_over=6 flush=0.2 soon=1 answer=2 unknown=60 digest=0.1"
"""Time constants at about a tenth."""
USUAL = ""
"""The time constants of DESIGN."""

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class Cluster(Api):
    """One leader at `url`, probes by their names, targets and receivers."""

    def __init__(self, folder: Path, tasks: TaskGroup, http: httpx.AsyncClient) -> None:
        self.folder = folder
        self.http = http
        self.timings = QUICK
        self.database = folder / "uptop.db"
        self.history = History(self.database)
        self.leader = Process("leader", ["-m", "uptop_leader"], folder)
        self.probes: dict[str, Process] = {}
        self.others: list[Process] = []  # which are ended with the rest
        self.port = 0
        self.receivers: list[Receiver] = []
        self.at_the_end: list[Callable[[], None]] = []  # what else is checked of a run
        self.refused = 0  # results of a node, at most, whose monitor was paused under them
        self.is_split = False  # whether two could not know of each other, so that both may tell
        self.secrets: set[str] = set()  # what must not show anywhere, beside the usual
        self._tasks = tasks
        self._leader_settings: dict[str, str] = {}
        self._probe_settings: dict[str, dict[str, str]] = {}

    # Surroundings.

    async def target(self, address: str = "127.0.0.1") -> Target:
        """A new target that knows our nodes apart; each address is a host."""
        target = Target(self._tasks, self.pids, address)
        await target.come()
        return target

    async def receiver(self) -> Receiver:
        """A new receiver of webhooks."""
        receiver = Receiver(self._tasks)
        await receiver.come()
        self.receivers.append(receiver)
        return receiver

    async def comes(self, make: Callable[[TaskGroup], L]) -> L:
        """Any other listener."""
        listener = make(self._tasks)
        await listener.come()
        return listener

    def attend(
        self, watch: Callable[[], Coroutine[Any, Any, None]], check: Callable[[], None]
    ) -> None:
        """Have somebody watch until everything is over, and say then what did not hold."""
        self._tasks.start_soon(watch)
        self.at_the_end.append(check)

    async def line(self, to: Callable[[], int]) -> Line:
        """A new line to the port `to()`, which can be cut."""
        return await self.comes(lambda tasks: Line(tasks, to))

    async def gateway(self) -> Gateway:
        """A new gateway to the leader, wherever that listens."""
        gateway = Gateway(self._tasks, lambda: self.port)
        await gateway.come()
        return gateway

    def pids(self) -> dict[str, int]:
        """The processes that run, by the ids of their nodes."""
        every = {"leader": self.leader, **self.probes}
        return {name: process.pid for name, process in every.items() if process.is_running}

    # The leader.

    @property
    def url(self) -> str:
        """Where the leader listens."""
        return f"http://127.0.0.1:{self.port}"

    def leader_environment(self) -> dict[str, str]:
        """The settings of the leader, which its commands need too."""
        return {
            "UPTOP_HTTP_HOST": "127.0.0.1",
            "UPTOP_HTTP_PORT": str(self.port),
            "UPTOP_DB_DSN": str(self.database),
            "UPTOP_CLUSTER_SECRET": SECRET,
            "UPTOP_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "UPTOP_STATUS_ENABLED": "true",
            "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
            **({"UPTOP_TIMINGS": self.timings} if self.timings else {}),
            **self._leader_settings,
        }

    async def start_leader(self, **settings: str) -> None:
        """Start the leader and wait until it is well; later starts take the same port."""
        self._leader_settings |= {
            f"UPTOP_{name.upper()}": value for name, value in settings.items()
        }
        self.leader.start(self.leader_environment())
        if not self.port:
            await until("the leader tells its port", self._is_port_told)
        await until("the leader is well", self.is_well)

    async def start_leader_at_once(self) -> None:
        """Start the leader as it was, and wait only until it answers."""
        self.leader.start(self.leader_environment())

        async def answers() -> bool:
            return await self.health_of(self.url) is not None

        await until("the leader answers", answers)

    def take_for_leader(self, process: Process, database: Path, port: int) -> None:
        """From now on the leader is this one, where it has the records of the run."""
        self.leader, self.database, self.port = process, database, port
        self.history = History(database)

    def _is_port_told(self) -> bool:
        assert self.leader.is_running, f"the leader has ended:\n{self.leader.tail()}"
        found = _LISTENING.search(self.leader.said())
        self.port = int(found[1]) if found else 0
        return found is not None

    async def restart_leader(self) -> None:
        """Kill the leader the hard way and start it again."""
        self.leader.kill()
        await self.start_leader()

    async def is_well(self) -> bool:
        """Whether the leader answers health with ok."""
        assert self.leader.is_running, f"the leader has ended:\n{self.leader.tail()}"
        try:
            return (await self.http.get(f"{self.url}/api/health")).status_code == 200
        except httpx.HTTPError:
            return False

    async def health_of(self, url: str) -> Health | None:
        """What a leader, or a follower, says of itself; None while it does not answer."""
        try:
            answer = await self.http.get(f"{url}/api/health", timeout=2)
        except httpx.HTTPError:
            return None
        return msgspec.json.decode(answer.content, type=Health)

    # Probes.

    async def start_probe(
        self, name: str, region: str = "", peer: str | None = None, **settings: str
    ) -> Process:
        """Start a probe; a name that was used before is the same node again."""
        arguments = ["-m", "uptop_probe"]
        process = self.probes.setdefault(name, Process(name, arguments, self.folder))
        environment = {
            "UPTOP_PEER_URL": peer or self.url,
            "UPTOP_NODE_ID": name,
            "UPTOP_NODE_REGION": region,
            "UPTOP_CLUSTER_SECRET": SECRET,
            "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
            **({"UPTOP_TIMINGS": self.timings} if self.timings else {}),
            **{f"UPTOP_{name.upper()}": value for name, value in settings.items()},
        }
        if not region:
            del environment["UPTOP_NODE_REGION"]
        self._probe_settings[name] = environment
        process.start(environment)
        return process

    def restart_probe(self, name: str) -> None:
        """Start a probe again as it was."""
        self.probes[name].start(self._probe_settings[name])

    async def stop(self) -> None:
        """End everything that still runs, politely first."""
        async with anyio.create_task_group() as tasks:
            for process in (*self.probes.values(), *self.others, self.leader):
                tasks.start_soon(process.stop, PATIENCE_S)

    # What people do and see.

    async def looks_come(self, *targets: Target, each: int, within_s: float = PATIENCE_S) -> None:
        """Wait until every running node that looks at one of `targets` has looked so often again."""
        before = [(target, target.counts()) for target in targets]
        running = self.pids().keys()

        def looked() -> bool:
            return all(
                target.counts()[node] - counts[node] >= each
                for target, counts in before
                for node in counts.keys() & running
            )

        await until(f"every node looks {each} times more", looked, within_s)

    async def all_told(self, within_s: float = PATIENCE_S) -> None:
        """Wait until no notification waits any more."""
        await until("the outbox is empty", lambda: not self.history.waiting(), within_s)

    def logs(self) -> str:
        """The tails of all logs."""
        return "\n".join(
            process.tail() for process in (self.leader, *self.others, *self.probes.values())
        )


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    """An empty cluster in `folder`."""
    try:
        async with _http() as http, anyio.create_task_group() as tasks:
            town = Cluster(folder, tasks, http)
            try:
                yield town
            except BaseException:
                print(town.logs())
                raise
            finally:
                with anyio.CancelScope(shield=True):
                    await town.stop()
                tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _only(group) from None


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=20)


def _only(group: BaseException) -> BaseException:
    """The one thing that went wrong, without the task groups around it."""
    while isinstance(group, BaseExceptionGroup) and len(group.exceptions) == 1:
        group = group.exceptions[0]
    return group


def webhook(receiver: Receiver, name: str = "ops", path: str = "/hook") -> dict[str, Any]:
    """A channel of a document."""
    return {"name": name, "type": "webhook", "settings": {"url": receiver.url + path}}


def site(target: Target, name: str = "Site", **more: Any) -> dict[str, Any]:
    """A quick http monitor of a document."""
    return {
        "name": name,
        "type": "http",
        "url": f"{target.url}/{name.lower()}",
        "interval": 1,
        "timeout": 1,
        "retry_interval": 0.5,
        "alerts": ["ops"],
        **more,
    }
