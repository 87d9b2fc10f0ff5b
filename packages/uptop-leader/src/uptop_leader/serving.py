"""Serve: open the store, put the leader together, listen, and stop cleanly.

On SIGTERM or SIGINT the listener closes first, so that probes keep what they have; what was taken
is stored before the process ends.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import httpx
import uvicorn
from anyio import to_thread

from uptop_core.clock import FollowingClock
from uptop_core.errors import MissingExtra, Problem, SettingError
from uptop_leader import pair, shared
from uptop_leader.api.app import build_app
from uptop_leader.desk import Desk
from uptop_leader.first_start import first_admin
from uptop_leader.helm import Helm
from uptop_leader.listening import BoundedHttp, keep_fresh
from uptop_leader.outgoing import LateTransport
from uptop_leader.passes import Passes
from uptop_leader.reception import MOST, Crowd, Reception, open_files
from uptop_leader.seal import Keyring
from uptop_leader.start_warnings import warnings
from uptop_leader.store.dialects.whole_files import led
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator

    from uptop_core.clock import Clock
    from uptop_leader.settings import LeaderSettings

Loop: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"

DRAIN_S = 3  # open requests get this long when the leader stops
SENT_S = 2.0  # and a message that is being sent: who comes next would send it again

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn, but signals are the leader's business, and how connections are taken."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        config, state = self.config, self.server_state
        greet = partial(BoundedHttp, config=config, server_state=state, app_state={})
        crowd = Crowd(min(MOST, open_files() // 2))
        receptions = [Reception(one, greet, config.ssl, crowd) for one in sockets or ()]
        self.servers = receptions  # type: ignore[assignment]  # they are asked to close, no more
        self.started = True


def listen(host: str, port: int, variable: str = "UPTOP_HTTP_PORT") -> socket.socket:
    """A listening socket; without a host on all addresses. Raises SettingError, which names the
    `variable` of the port, when the address cannot be had.
    """
    is_everywhere = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host or is_everywhere else socket.AF_INET
    try:
        return socket.create_server(
            (host, port), family=family, backlog=512, dualstack_ipv6=is_everywhere
        )
    except OSError as error:
        why = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise SettingError([Problem(variable, why)]) from None


async def serve(settings: LeaderSettings) -> None:
    """Run a leader, or a follower, until it is told to stop."""
    for line, _ in warnings(settings):
        log.warning("%s", line)
    clock = FollowingClock()
    keyring = Keyring.from_setting(settings.encryption_key)
    with ExitStack() as stack:
        if isinstance(settings.database, Path):
            stack.enter_context(led(settings.database))
        store = Store.open(settings.database, keyring, clock.now(), idle_s=shared.idle_s(settings))
        stack.callback(store.close)
        listener = stack.enter_context(listen(settings.effective_http_host, settings.http_port))
        if not settings.copies:
            first_admin(store, settings.folder, clock.now())
        passes = Passes()
        ssh = _ssh(settings, store, passes, listener, stack)
        await _serve(settings, store, clock, listener, passes, ssh)


def _ssh(
    settings: LeaderSettings,
    store: Store,
    passes: Passes,
    http: socket.socket,
    stack: ExitStack,
) -> list[Loop]:
    """The loop of the terminal UI over SSH, if somebody has a key to it."""
    if not settings.serves_ssh:
        return []
    if not all(find_spec(name) for name in ("asyncssh", "uptop_tui")):
        raise MissingExtra("the terminal UI over SSH", "uptop-leader[ssh]")
    from uptop_leader.ssh.server import SshServer, own_url

    url = own_url(http, has_tls=settings.has_tls)
    listener = stack.enter_context(listen(settings.http_host, settings.port, "UPTOP_PORT"))
    return [SshServer(settings, store.people, passes, listener, url).run]


async def _serve(
    settings: LeaderSettings,
    store: Store,
    clock: FollowingClock,
    listener: socket.socket,
    passes: Passes,
    more: list[Loop],
) -> None:
    async with (
        httpx.AsyncClient(
            transport=LateTransport(),
            trust_env=False,
            timeout=None,  # noqa: S113  callers set deadlines
        ) as http,
        AsyncExitStack() as stack,
    ):
        helm = await to_thread.run_sync(
            partial(Helm, settings, store, clock, http, copies=settings.copies)
        )
        loops = await _place(helm, settings, store, clock, stack)
        config = _config(settings, Desk(helm, clock), passes)
        tls = _tls(config)
        server = _Server(config)
        async with anyio.create_task_group() as tasks:
            for loop in (*loops, helm.run, *more):
                tasks.start_soon(loop)
            tasks.start_soon(_stop_on_signal, server, helm)
            if tls is not None and settings.tls_cert is not None and settings.tls_key is not None:
                tasks.start_soon(keep_fresh, tls, settings.tls_cert, settings.tls_key)
            host, port = listener.getsockname()[:2]
            scheme = "https" if settings.has_tls else "http"
            log.info("listening on %s://%s:%s", scheme, f"[{host}]" if ":" in host else host, port)
            await server.serve(sockets=[listener])
            await helm.drained()
            await helm.sent(SENT_S)
            tasks.cancel_scope.cancel()
        if helm.lease is not None:
            await helm.lease.leave()
    log.info("stopped")


async def _place(
    helm: Helm, settings: LeaderSettings, store: Store, clock: Clock, stack: AsyncExitStack
) -> list[Loop]:
    """Give this node its place in the cluster; returns the loops that it needs."""
    if settings.db_type == "postgres":
        return [shared.take_lease(helm, settings, store, clock).run]
    if settings.cluster_mode == "leader":
        return [pair.take_seat(helm, store, clock, settings.timings).run]
    station, copier, clients = pair.take_station(helm, settings, store, clock)
    for client in clients:
        await stack.enter_async_context(client)
    return [station.run, copier.run]


def _config(settings: LeaderSettings, desk: Desk, passes: Passes) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(desk, desk, passes),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75,
        http=BoundedHttp,
        ssl_certfile=_text(settings.tls_cert),
        ssl_keyfile=_text(settings.tls_key),
        proxy_headers=False,
    )


def _tls(config: uvicorn.Config) -> ssl.SSLContext | None:
    """What is served with, read before anything begins; None where it is served without. Raises
    SettingError.
    """
    try:
        config.load()
    except OSError as error:  # those of OpenSSL are too
        why = f"cannot be used with UPTOP_TLS_KEY: {error.strerror or error}"
        raise SettingError([Problem("UPTOP_TLS_CERT", why)]) from None
    return config.ssl


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


async def _stop_on_signal(server: _Server, helm: Helm) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            log.info("stopping")
            server.should_exit = True
            helm.stop_waiting()
