"""What the demo shows: it asks the leader's API as the terminal UI would, and tells what changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_core.api_answers import IncidentList, MonitorList
from uptop_core.errors import LeaderError
from uptop_core.views import IncidentView, MonitorView, VoteView

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from uptop_core.client import LeaderClient

_ASK_S = 0.25
_RESULTS = re.compile(r"^uptop_results_total (\S+)", re.MULTILINE)


class Seen(Struct):
    """What has been seen so far, for the summary."""

    monitors: dict[str, MonitorView] = {}
    incidents: dict[str, IncidentView] = {}
    results: int = 0
    messages: list[dict[str, object]] = []

    def told(self, event: str, monitor: str) -> int:
        """How many messages of a kind about a monitor the webhook has received."""
        return sum(
            message.get("event") == event and message.get("monitor") == monitor
            for message in self.messages
        )

    def status(self, name: str) -> str:
        """The status of the monitor of that name; empty before there is one."""
        return next((view.status for view in self.monitors.values() if view.name == name), "")

    def counts(self) -> str:
        """How many monitors show which status, the worst first."""
        statuses = [view.status for view in self.monitors.values()]
        order = sorted(set(statuses), key=lambda status: (status == "UP", status))
        return " · ".join(f"{statuses.count(status)} {status}" for status in order)


async def watch(
    client: LeaderClient,
    http: httpx.AsyncClient,
    seen: Seen,
    say: Callable[[str], None],
) -> None:
    """Ask again and again, and say what is new. Until cancelled."""
    while True:
        try:
            monitors = await client.get_json("/api/v1/monitors", MonitorList)
            incidents = await client.get_json("/api/v1/incidents", IncidentList)
            metrics = await http.get(f"{client.url}/metrics", timeout=5)
        except (LeaderError, OSError):
            await anyio.sleep(_ASK_S)
            continue
        for view in monitors.monitors:
            for line in _monitor_news(seen.monitors.get(view.id), view):
                say(line)
            seen.monitors[view.id] = view
        for incident in reversed(incidents.incidents):
            news = _incident_news(seen.incidents.get(incident.id), incident)
            if news is not None:
                say(news)
            seen.incidents[incident.id] = incident
        if found := _RESULTS.search(metrics.text):
            seen.results = int(float(found[1]))
        await anyio.sleep(_ASK_S)


def _monitor_news(before: MonitorView | None, now: MonitorView) -> list[str]:
    """What changed at a monitor, one line each: votes, rounds, the status."""
    lines = []
    known = {vote.node: vote for vote in before.votes} if before else {}
    for vote in now.votes:
        old = known.get(vote.node)
        if old is not None and old.up != vote.up:
            lines.append(f"  vote      {now.name}: {_place(vote)} says {_words(vote)}")
    if before is not None and now.rechecking and not before.rechecking:
        lines.append(f"  recheck   {now.name}: all its nodes are asked to look again")
    if before is not None and now.status != before.status:
        votes = f" ({now.votes_up}/{now.votes_fresh} votes up)" if now.votes_fresh else ""
        detail = f" — {now.error}" if now.error else ""
        lines.append(
            f"{_mark(now.status)} status    {now.name}: {before.status} → {now.status}{votes}{detail}"
        )
    return lines


def _incident_news(before: IncidentView | None, now: IncidentView) -> str | None:
    if before is None:
        return f"! incident  {now.name} no. {now.number} opened: {now.reasons or now.detail}"
    if before.ended is None and now.ended is not None:
        seconds = (now.ended - now.started) / 1000
        return f"✓ incident  {now.name} no. {now.number} closed after {seconds:.0f} s: {now.cause}"
    return None


def _place(vote: VoteView) -> str:
    return f"{vote.name} in {vote.region}" if vote.region else vote.name


def _words(vote: VoteView) -> str:
    if vote.up:
        return "up"
    return f"down ({vote.detail or vote.reason})"


def _mark(status: str) -> str:
    return {"UP": "✓", "DOWN": "✗"}.get(status, "•")
