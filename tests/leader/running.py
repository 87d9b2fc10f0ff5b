"""A whole leader in a thread of its own, for tests that ask it from outside by blocking means."""

from __future__ import annotations

import contextlib
import threading
from ipaddress import ip_network
from typing import TYPE_CHECKING

import anyio
import httpx
import uvicorn

from tests.leader.helms import api, hook
from tests.leader.store_samples import set_up
from uptop_core.clock import Clock
from uptop_leader.api.app import build_app
from uptop_leader.api.limits import Limits
from uptop_leader.leader import Leader
from uptop_leader.maintenance import Maintenance
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.serving import listen
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "the-admins-token"


class _Server(uvicorn.Server):
    """uvicorn, in a thread that gets no signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Running:
    """A leader on a database in `folder`, with a monitor, a channel and a maintenance."""

    def __init__(self, folder: Path, *, cluster_secret: str = "") -> None:
        clock = Clock()
        self._secret = cluster_secret
        self._store = Store.open(folder / "uptop.db", Keyring(), clock.now())
        once = Maintenance(id="w", name="w", start=1.0, end=2.0, all=True)
        set_up(self._store, api(), hook(), once, now=clock.now())
        admin = self._store.people.add_user("ada", "admin", clock.now())
        self._store.people.add_token(admin, "t", token_hash(TOKEN), "up_ada", None, clock.now())
        self.known = {"monitors": "m", "channels": "c", "maintenance": "w", "users": admin}
        self._clock = clock
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ready = threading.Event()
        self._server: uvicorn.Server
        self._thread = threading.Thread(target=anyio.run, args=(self._run,))

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._listener.close()
        self._store.close()

    async def _run(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http, anyio.create_task_group() as tasks:
            chosen = LeaderSettings(
                leader_checks="never",
                cluster_secret=self._secret,
                trusted_proxies=(ip_network("127.0.0.0/8"),),
            )
            leader = Leader(chosen, self._store, self._store.load(), self._clock, http)
            app = build_app(leader, limits=Limits(self._steady))
            config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
            self._server = _Server(config)
            tasks.start_soon(leader.run)
            tasks.start_soon(self._say_ready)
            await self._server.serve(sockets=[self._listener])
            tasks.cancel_scope.cancel()

    def _steady(self) -> float:
        """Runs fast: who tries everything, wrong tokens too, is not to be refused for how often."""
        return 1000 * self._clock.monotonic()

    async def _say_ready(self) -> None:
        while not self._server.started:
            await anyio.sleep(0.01)
        self._ready.set()
