"""Waiting for sockets where the loop cannot watch an epoll: anyio waits, and all goes as well."""

import asyncio
from typing import Any

from tests.core.listeners import answering, look_at, serve, silent
from uptop_core import HttpCheck, PortCheck, Reason

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class WatchesNothing(asyncio.SelectorEventLoop):
    """As the loop of Windows: it has streams, but watches no sockets of others."""

    def add_reader(self, *args: Any) -> None:  # type: ignore[override]  # its types cannot be said
        raise NotImplementedError

    def add_writer(self, *args: Any) -> None:  # type: ignore[override]  # as above
        raise NotImplementedError


async def look_at_all() -> None:
    async with serve(answering(OK)) as server:
        big = HttpCheck(url=server.url, method="POST", body="x" * 3_000_000)
        for check in (
            HttpCheck(url=server.url),
            HttpCheck(url=f"http://localhost:{server.port}/"),
            big,
            PortCheck(hostname="127.0.0.1", port=server.port, send="x", expect="200 OK"),
        ):
            outcome = await look_at(check)
            assert outcome.up, outcome
    async with serve(silent) as server:
        outcome = await look_at(HttpCheck(url=server.url), timeout=0.2)
        assert outcome.reason is Reason.TIMEOUT


def test_checks_run_on_a_loop_that_watches_no_sockets() -> None:
    with asyncio.Runner(loop_factory=WatchesNothing) as runner:
        runner.run(look_at_all())
