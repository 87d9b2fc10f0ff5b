"""The SSH server: listens, in a thread and an event loop of its own.

Drawing takes milliseconds at a time; in the leader's loop they would be added to every check. The
loop is asyncio's, since both asyncssh and Textual are made for it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING

import anyio
import asyncssh
from anyio import to_thread

from uptop_leader.ssh.door import Door, House
from uptop_leader.ssh.host_key import host_key
from uptop_leader.ssh.keys import KnownKeys
from uptop_leader.ssh.session import Behind

if TYPE_CHECKING:
    import socket

    from uptop_leader.passes import Passes
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.people import People

log = logging.getLogger(__name__)

LOGIN_S = 20
KEEPALIVE_S, KEEPALIVES = 30, 3  # who is gone without a word is noticed after these
EMPTY_S = 2.0  # sessions get this long to leave the terminal as it was


class SshServer:
    """Serves the app on `listener`; `url` is where the leader's own API is.

    Raises SettingError when the host key cannot be used.
    """

    def __init__(
        self,
        settings: LeaderSettings,
        people: People,
        passes: Passes,
        listener: socket.socket,
        url: str,
    ) -> None:
        self._listener = listener
        self._host_key = host_key(settings)
        self._keys = KnownKeys(settings.admin_key, settings.keys, people)
        self._behind = Behind(
            url=url,
            tls=_own_tls() if settings.has_tls else None,
            passes=passes,
            name=settings.effective_node_name,
            most=settings.ssh_sessions,
            idle_s=settings.ssh_idle,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_stopped = False

    async def run(self) -> None:
        """Serve until cancelled."""
        limiter = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(to_thread.run_sync, self._run_thread, limiter=limiter))
            try:
                await anyio.sleep_forever()
            finally:
                self._stop_soon()

    def _run_thread(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._is_stopped:
            return
        asyncssh.set_log_level(logging.WARNING)  # it tells of every packet's purpose
        house = House(self._behind, self._keys)
        acceptor = await asyncssh.listen(
            sock=self._listener,
            server_factory=lambda: Door(house),
            server_host_keys=[self._host_key],
            config=None,
            encoding=None,
            line_editor=False,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            login_timeout=LOGIN_S,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVES,
            server_version="uptop",
        )
        host, port = self._listener.getsockname()[:2]
        log.info("listening on ssh://%s:%s", f"[{host}]" if ":" in host else host, port)
        try:
            await self._stop.wait()
        finally:
            acceptor.close()
            await house.empty(EMPTY_S)
            await acceptor.wait_closed()

    def _stop_soon(self) -> None:
        self._is_stopped = True
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)


def own_url(listener: socket.socket, *, has_tls: bool) -> str:
    """Where a process reaches its own socket: on loopback if it listens everywhere."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{'https' if has_tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _own_tls() -> ssl.SSLContext:
    """For the way from this process to itself: its own socket needs no certificate to be known, and
    the one it shows is for the name that others call it by.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
