"""Asking the leader for the overview, and what a person is told when that does not work."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from uptop_core.api_answers import MonitorList, NodeList
from uptop_core.client import LeaderClient
from uptop_core.errors import LeaderBusy, LeaderError, LeaderRefused
from uptop_tui.overview import Overview

if TYPE_CHECKING:
    from uptop_tui.settings import TuiSettings


async def ask(settings: TuiSettings) -> Overview:
    """What the leader says now; LeaderError when it says nothing of use."""
    async with LeaderClient(settings.url, token=settings.token or None) as client:
        monitors = await client.get_json("/api/v1/monitors", MonitorList)
        nodes = await client.get_json("/api/v1/nodes", NodeList)
    return Overview(monitors=monitors.monitors, nodes=nodes.nodes)


def explain(error: LeaderError, settings: TuiSettings) -> str:
    """One sentence on what is wrong and what to do about it."""
    url = settings.url
    if isinstance(error, LeaderBusy):
        return f"the leader at {url} cannot answer now, try again: {error}"
    if isinstance(error, LeaderRefused):
        return _refused(error, settings)
    if (tls := _tls_error(error)) is not None:
        what = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
        return f"no TLS connection to {url}: {what}"
    return str(error)


def _refused(error: LeaderRefused, settings: TuiSettings) -> str:
    if error.status == 401 and not settings.token:
        return f"{settings.url} needs an API token: set UPTOP_TOKEN or use --token-file"
    if error.status == 401:
        return f"{settings.url} does not know this API token, or it has expired"
    if error.status == 403:
        return f"this API token may not read at {settings.url}: {error}"
    if not error.code:
        return f"{settings.url} answers, but it is not a leader of uptop (HTTP {error.status})"
    return str(error)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """The TLS error that this one came from, if it did."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause
