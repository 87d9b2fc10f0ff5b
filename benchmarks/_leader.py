"""A real `uptop-leader` with a SQLite database of its own, and monitors in it from the start."""

from __future__ import annotations

import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

from benchmarks._children import free_port, running, wait_for
from benchmarks._environment import alone
from benchmarks._stand_in import monitor_id
from uptop_core.checks.http import HttpCheck
from uptop_core.monitors import Monitor
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.seal import Keyring
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks._children import Child

SECRET = "benchmark"
_START_S = 60.0


class Home:
    """The database of a leader, and where that listens when it runs."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "uptop.db"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def open(self) -> Store:
        """The database, for the benchmark's own questions."""
        return Store.open(self.database, Keyring(), time.time())

    @contextmanager
    def leader(
        self, environ: Mapping[str, str] | None = None, *, core: int | None = None,
        urgent: bool = False,
    ) -> Iterator[Child]:  # fmt: skip
        """The leader, from when it answers that it is well."""
        told = {
            "UPTOP_DB_DSN": str(self.database),
            "UPTOP_HTTP_HOST": "127.0.0.1",
            "UPTOP_HTTP_PORT": str(self.port),
            "UPTOP_CLUSTER_SECRET": SECRET,
            "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
            "UPTOP_LOG_LEVEL": "error",
            **(environ or {}),
        }
        folder, log = self.database.parent, self.database.parent / "leader.log"
        with (
            alone("uptop-leader") as (command, lean),
            running(
                command, {**lean, **told}, folder=folder, core=core, urgent=urgent, log=log
            ) as child,
        ):
            wait_for(lambda: child.has_ended() or self._is_well(), _START_S, "the leader is well")
            if child.has_ended():
                raise RuntimeError("the leader has ended at once")
            yield child

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def home(monitors: Iterable[Monitor]) -> Iterator[Home]:
    """A new database with these monitors."""
    with tempfile.TemporaryDirectory() as folder:
        made = Home(Path(folder))
        store = made.open()
        try:
            change = ConfigChange(put_monitors=tuple(monitors))
            store.change_config(change, Actor(name="", source=""), time.time())
        finally:
            store.close()
        yield made


def page(number: int, url: str, interval: float) -> Monitor:
    """A monitor of an HTTP target, with its number in the path; one failure is enough."""
    return Monitor(
        id=monitor_id(number),
        name=f"page {number}",
        check=HttpCheck(url=f"{url}/{number}"),
        interval=interval,
        max_retries=0,
    )
