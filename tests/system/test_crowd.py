"""A leader that may open few files, and somebody who opens more connections than that."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.system.cluster import cluster, site
from tests.system.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FILES, CONNECTIONS = 300, 900
_CONFINED = (
    "import resource, runpy, sys;"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}));"
    "sys.argv = ['uptop-leader']; runpy.run_module('uptop_leader', run_name='__main__')"
)


def _crowded(stack: ExitStack, port: int) -> None:
    """Connections of one address, half of them with a head that never ends."""
    for number in range(CONNECTIONS):
        sock = stack.enter_context(socket.socket())
        sock.bind(("127.0.0.2", 0))
        sock.settimeout(5)
        sock.connect(("127.0.0.1", port))
        if number % 2:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: ")


async def test_a_crowd_of_one_address_keeps_a_leader_from_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.take_for_leader(Process("leader", ["-c", _CONFINED], tmp_path), town.database, 0)
        target = await town.target()
        await town.start_leader(leader_checks="always")
        await town.apply({"monitors": [site(target, alerts=[])]})
        await town.status_comes("Site", "UP")
        with ExitStack() as stack:
            for _ in range(3):
                await anyio.to_thread.run_sync(_crowded, stack, town.port)
                assert await town.is_well()
                assert (await town.monitor("Site")).error in (None, "")
                await town.looks_come(target, each=2)
            target.mood = "503"
            await town.status_comes("Site", "DOWN")
            assert "HTTP 503" in str((await town.monitor("Site")).error)
        log = town.leader.said()
        assert log.count("too many connections") == 1
        assert "Too many open files" not in log
