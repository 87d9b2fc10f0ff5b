"""Asking the leader for the overview, and what a person is told when that does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.api_client import ApiClient
from uptop_core.errors import LeaderBusy, LeaderError, LeaderRefused, TokenRefused
from uptop_tui.overview import Overview

if TYPE_CHECKING:
    from uptop_tui.filtering import Filter
    from uptop_tui.leaders import KeptLeader


async def ask(leader: KeptLeader, wanted: Filter) -> Overview:
    """What the leader says now of the monitors that are wanted; LeaderError when it says nothing
    of use.
    """
    async with ApiClient(leader.url, token=leader.token or None) as client:
        monitors = wanted.chosen(await client.monitors())
        return Overview(monitors=monitors, nodes=await client.nodes())


def explain(error: LeaderError, leader: KeptLeader, hint: str = "") -> str:
    """One sentence on what is wrong and what to do about it; `hint` tells how a token is given."""
    url = leader.url
    if isinstance(error, LeaderBusy):
        return f"the leader at {url} cannot answer now, try again: {error}"
    if isinstance(error, TokenRefused) and not leader.token:
        return f"{error}: {hint}" if hint else str(error)
    if isinstance(error, LeaderRefused) and error.status == 403:
        return f"this API token may not read at {url}: {error}"
    return str(error)
