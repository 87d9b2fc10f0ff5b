"""One session: the app on the terminal at the far end, and nothing else.

A shell request on a terminal opens the app. A command, a subsystem (sftp) or a shell without a
terminal opens nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import asyncssh
from msgspec import Struct

from uptop_core.api_client import ApiClient
from uptop_core.forms import duration

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from uptop_leader.passes import Passes
    from uptop_leader.store.people import User
    from uptop_tui.remote import FarTerminal

log = logging.getLogger(__name__)

TYPED_PER_S, TYPED_AHEAD_S = 8 * 1024, 4.0
"""How many bytes are read, and for how long ahead at once: to make keys of them takes CPU of the process
that checks and judges."""
HELD_BYTES = 256 * 1024  # of what was drawn and has not been taken: then frames are left out
_NO_TERMINAL = "this is for a terminal: connect without a command and without -T"


class Behind(Struct, frozen=True, kw_only=True):
    """What stands behind every session: the API, the passes to it, and the limits."""

    url: str
    tls: ssl.SSLContext | None
    passes: Passes
    name: str
    most: int
    idle_s: float


class Session(asyncssh.SSHServerSession[bytes]):
    """Shows the app to `user`, who came from `address`. `may_begin` says whether there is room for
    it and counts it from then on; `on_end` is told when it is over.
    """

    def __init__(
        self,
        behind: Behind,
        user: User,
        address: str,
        may_begin: Callable[[Session], bool],
        on_end: Callable[[Session], None],
    ) -> None:
        self._behind = behind
        self._user = user
        self._address = address
        self._may_begin = may_begin
        self._on_end = on_end
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._terminal: FarTerminal | None = None
        self._has_pty = False
        self._typed_at = self._read_until = 0.0
        self._farewell = ""
        self._is_over = False
        self.task: asyncio.Task[None] | None = None

    # What the client asks for

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(high=HELD_BYTES)

    def pty_requested(self, _kind: str, _size: tuple[int, int, int, int], _modes: object) -> bool:
        self._has_pty = True
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: bytes, _kind: object) -> None:
        loop = asyncio.get_running_loop()
        self._typed_at = now = loop.time()
        if self._terminal is not None:
            self._terminal.typed(data)
        self._read_until = max(self._read_until, now) + len(data) / TYPED_PER_S
        ahead_s = self._read_until - now
        if ahead_s > TYPED_AHEAD_S and self._channel is not None:
            self._channel.pause_reading()
            loop.call_later(ahead_s - TYPED_AHEAD_S, self._read_on)

    def _read_on(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def terminal_size_changed(self, width: int, height: int, _wide: int, _high: int) -> None:
        if self._terminal is not None:
            self._terminal.resized(width, height)

    def pause_writing(self) -> None:
        if self._terminal is not None:
            self._terminal.hold()

    def resume_writing(self) -> None:
        if self._terminal is not None:
            self._terminal.go_on()

    def eof_received(self) -> bool:
        self.end()
        return True  # what is to be said last is said all the same

    def signal_received(self, _signal: str) -> None:
        self.end()

    def connection_lost(self, _error: Exception | None) -> None:
        self._channel = None
        self.end()

    # What it does

    def end(self, farewell: str = "") -> None:
        """Close the app, with a last sentence to who looks at it."""
        self._farewell = self._farewell or farewell
        self._is_over = True
        if self._terminal is not None:
            self._terminal.end()

    async def _run(self) -> None:
        if not self._has_pty:
            self._leave(_NO_TERMINAL, 1)
        elif self._is_over:
            self._leave(self._farewell, 0)
        elif not self._may_begin(self):
            self._leave(f"{self._behind.most} sessions are open already: try again later", 1)
        else:
            await self._begin()

    async def _begin(self) -> None:
        is_well = False
        try:
            is_well = await self._show()
        except Exception:  # a bug in one screen must not end the leader that serves it
            log.exception("ssh: a bug in the session of %s", self._user.name)
        finally:
            self._on_end(self)
        if is_well:
            self._leave(self._farewell, 0)
        else:
            self._leave("the screen broke: the leader's log says why", 1)

    async def _show(self) -> bool:
        """The app, until it is over; False when it broke."""
        behind, name = self._behind, self._user.name
        source = f"ssh {self._address}"
        with behind.passes.given(self._user.id, source) as token:
            async with ApiClient(behind.url, token=token, tls=behind.tls) as client:
                self._terminal = self._open(client)
                log.info("ssh: %s looks, from %s", name, self._address)
                watch = asyncio.get_running_loop().create_task(self._watch_idle())
                try:
                    return await self._terminal.run()
                finally:
                    watch.cancel()
                    log.info("ssh: %s leaves, from %s", name, self._address)

    def _open(self, client: ApiClient) -> FarTerminal:
        from uptop_tui.remote import Far, FarTerminal  # heavy, and for who comes this way only

        assert self._channel is not None  # noqa: S101  it was made before it was started
        columns, rows, _, _ = self._channel.get_terminal_size()
        far = Far(
            kind=self._channel.get_terminal_type() or "",
            color=self._channel.get_environment().get("COLORTERM", ""),
            columns=columns,
            rows=rows,
        )
        return FarTerminal(far, client, self._behind.name, self._write)

    async def _watch_idle(self) -> None:
        loop, idle_s = asyncio.get_running_loop(), self._behind.idle_s
        self._typed_at, left_s = loop.time(), idle_s
        while left_s > 0:
            await asyncio.sleep(left_s)
            left_s = self._typed_at + idle_s - loop.time()
        self.end(f"closed, since nothing was typed for {duration().write(idle_s)}")

    def _write(self, data: bytes) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(data)

    def _leave(self, sentence: str, code: int) -> None:
        channel = self._channel
        if channel is None or channel.is_closing():
            return
        if sentence:
            channel.write_stderr(f"uptop: {sentence}\r\n".encode())
        channel.exit(code)
