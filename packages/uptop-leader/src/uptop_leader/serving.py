"""Serve: open the store, put the leader together, listen, and stop cleanly.

On SIGTERM or SIGINT the listener closes first, so that probes keep what they have; what was taken
is stored before the process ends.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx
import uvicorn
from anyio import to_thread

from uptop_core.clock import FollowingClock
from uptop_core.errors import Problem, SettingError
from uptop_leader.api.app import build_app
from uptop_leader.first_start import first_admin
from uptop_leader.leader import Leader
from uptop_leader.seal import Keyring
from uptop_leader.settings import warnings
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.settings import LeaderSettings

DRAIN_S = 3  # open requests get this long when the leader stops

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn, but signals are the leader's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        why = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise SettingError([Problem("UPTOP_HTTP_PORT", why)]) from None


async def serve(settings: LeaderSettings) -> None:
    """Run a leader until it is told to stop."""
    for line in warnings(settings):
        log.warning("%s", line)
    clock = FollowingClock()
    store = Store.open(
        settings.database, Keyring.from_setting(settings.encryption_key), clock.now()
    )
    try:
        with listen(settings.effective_http_host, settings.http_port) as listener:
            first_admin(store, settings.folder, clock.now())
            await _serve(settings, store, clock, listener)
    finally:
        store.close()


async def _serve(
    settings: LeaderSettings, store: Store, clock: FollowingClock, listener: socket.socket
) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:  # noqa: S113 callers set deadlines
        # What was loaded is not kept here: the leader soon has newer values of all of it.
        leader = Leader(settings, store, await to_thread.run_sync(store.load), clock, http)
        server = _Server(_config(settings, leader))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leader.run)
            tasks.start_soon(_stop_on_signal, server, leader)
            host, port = listener.getsockname()[:2]
            scheme = "https" if settings.has_tls else "http"
            log.info("listening on %s://%s:%s", scheme, f"[{host}]" if ":" in host else host, port)
            await server.serve(sockets=[listener])
            await leader.engine.drained()
            tasks.cancel_scope.cancel()
    log.info("stopped")


def _config(settings: LeaderSettings, leader: Leader) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(leader),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=_text(settings.tls_cert),
        ssl_keyfile=_text(settings.tls_key),
        proxy_headers=False,
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


async def _stop_on_signal(server: _Server, leader: Leader) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            log.info("stopping")
            server.should_exit = True
            leader.engine.stop_waiting()
