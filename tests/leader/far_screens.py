"""A real SSH client before the leader's terminal UI: it types, and reads what is on the screen."""

from __future__ import annotations

import contextlib
import re
import socket
from typing import TYPE_CHECKING, Any

import anyio
import asyncssh

from tests.leader.desks import Desk, at_the_desk
from tests.leader.serving import serving
from tests.system.waiting import until
from uptop_leader.api.app import build_app
from uptop_leader.passes import Passes
from uptop_leader.settings import LeaderSettings
from uptop_leader.ssh.server import SshServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WITHIN_S = 60.0
_ESCAPES = re.compile(r"\x1b(\[[0-9;?<>$]*[A-Za-z]|\][^\x07]*\x07|[^\[\]])")


def new_key(comment: str) -> asyncssh.SSHKey:
    """A key pair."""
    return asyncssh.generate_private_key("ssh-ed25519", comment)


def public(key: asyncssh.SSHKey) -> str:
    """The line of its public half."""
    return key.export_public_key().decode().strip()


class FarScreen:
    """A session: what was typed into it is sent, what came is `said`, without escapes."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self.process = process
        self.raw = b""
        self.is_over = False

    @property
    def said(self) -> str:
        """All that was drawn so far."""
        return _ESCAPES.sub("", self.raw.decode("utf-8", "replace"))

    def type(self, keys: str) -> None:
        """Press keys."""
        self.process.stdin.write(keys.encode())

    def forget(self) -> None:
        """What was drawn until now does not count any more."""
        self.raw = b""

    async def sees(self, words: str) -> None:
        """Wait until it is drawn."""
        await until(words, lambda: words in self.said, WITHIN_S)

    async def ends(self) -> tuple[int | None, str]:
        """Wait until it is over: the exit code, and the last sentence."""
        with anyio.fail_after(WITHIN_S):
            await self.process.wait_closed()
            last = await self.process.stderr.read()
        return self.process.exit_status, last.decode()

    async def read(self) -> None:
        """Take what comes."""
        while part := await self.process.stdout.read(65_536):
            self.raw += part


class House:
    """A leader whose terminal UI is served over SSH."""

    def __init__(self, desk: Desk, port: int, passes: Passes) -> None:
        self.desk = desk
        self.port = port
        self.passes = passes

    def connected(
        self, *keys: asyncssh.SSHKey
    ) -> contextlib.AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
        """See `connected`."""
        return connected(self.port, *keys)

    def looking(
        self, key: asyncssh.SSHKey, kind: str = "xterm-256color", size: tuple[int, int] = (100, 30)
    ) -> contextlib.AbstractAsyncContextManager[FarScreen]:
        """See `looking`."""
        return looking(self.port, key, kind, size)


@contextlib.asynccontextmanager
async def connected(
    port: int, *keys: asyncssh.SSHKey
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """A connection by one of these keys, which are tried one after the other."""
    async with asyncssh.connect(
        "127.0.0.1",
        port,
        username="somebody",
        client_keys=list(keys),
        known_hosts=None,
        config=None,
        agent_path=None,
    ) as connection:
        yield connection


@contextlib.asynccontextmanager
async def looking(
    port: int,
    key: asyncssh.SSHKey,
    kind: str = "xterm-256color",
    size: tuple[int, int] = (100, 30),
) -> AsyncIterator[FarScreen]:
    """A session on a terminal."""
    async with (
        connected(port, key) as connection,
        connection.create_process(term_type=kind, term_size=size, encoding=None) as process,
        anyio.create_task_group() as tasks,
    ):
        screen = FarScreen(process)
        tasks.start_soon(screen.read)
        yield screen
        process.close()


@contextlib.asynccontextmanager
async def housed(
    folder: Path, *things: Any, copied_from: str = "", **settings: Any
) -> AsyncIterator[House]:
    """Such a leader, with users admin, editor and viewer; or what it is when it copies another."""
    passes = Passes()
    place = {"cluster_mode": "follower", "peer_url": copied_from} if copied_from else {}
    ours = LeaderSettings(ssh_host_key=folder / "host-key", **settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with (
            at_the_desk(folder / "uptop.db", *things, **place) as desk,
            serving(build_app(desk.helm.leader, passes=passes)) as url,
            anyio.create_task_group() as tasks,
        ):
            server = SshServer(ours, desk.helm.store.people, passes, listener, url)
            tasks.start_soon(desk.helm.engine.run)
            tasks.start_soon(server.run)
            yield House(desk, listener.getsockname()[1], passes)
            tasks.cancel_scope.cancel()
        desk.helm.leader.live.close()
