"""The status page: what it costs to make it for a thousand monitors with ninety bars each.

Three nodes look at each monitor, and each had two outages in a hundred days. Cold is the first page
after a start: days, incidents and posts are read, everything is worked out and written as HTML, and
packed for the wire. Renewed is the same a few seconds later, when the days are still known. Warm is
what another reader within the second costs the server, and one who has the page already.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx
from msgspec.structs import replace

from benchmarks import Row
from benchmarks._goals import row
from benchmarks.store_days import NOW, best_ms, live
from uptop_core.clock import Clock
from uptop_core.outcomes import Timings
from uptop_core.votes import Vote
from uptop_leader.api.app import build_app
from uptop_leader.api.overview import Overview
from uptop_leader.api.rendered import Rendered
from uptop_leader.changes import Changes
from uptop_leader.leader import Leader
from uptop_leader.nodes import Node
from uptop_leader.pages.rendering import Renderer
from uptop_leader.pages.site import Moment, Site
from uptop_leader.public_views.openness import Openness
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from uptop_leader.views import Snapshot

REGIONS = ("eu-west", "us-east", "ap-south")
_TIMES = 25


class _Stood(Clock):
    def now(self) -> float:
        return NOW + 30


def measure(*, short: bool = False) -> list[Row]:
    """All rows."""
    monitors = 20 if short else 1000
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "uptop.db", Keyring(), NOW - 100 * 86_400)
        try:
            return _measured(store, monitors)
        finally:
            store.close()


def _measured(store: Store, monitors: int) -> list[Row]:
    live(store, monitors, 2 / 100)
    store.write(_votes(store), NOW)
    store.roll_up(NOW)
    settings = LeaderSettings(status_enabled=True, status_regions=True)
    leader = Leader(settings, store, store.load(), _Stood(), httpx.AsyncClient(trust_env=False))
    cold, renewed, size, packed = _made(leader)
    app = build_app(leader)
    page, again = anyio.run(_asked, app)
    what = f"/status of {monitors} monitors, 90 bars"
    return [
        row("status page, 1 000 monitors, cold", cold),
        row("status page, 1 000 monitors, renewed", renewed),
        row("status page, 1 000 monitors, warm", page),
        Row(what=f"{what}, 304", measured=again, unit="ms CPU"),
        Row(what=f"{what}, HTML", measured=size / 1000, unit="kB"),
        Row(what=f"{what}, on the wire", measured=packed / 1000, unit="kB"),
    ]


def _votes(store: Store) -> Changes:
    vote = Vote(
        node="", observed=NOW + 25, up=True, latency_ns=0, status_code=200,
        timings=Timings(), address="198.51.100.7",
    )  # fmt: skip
    saved = store.load()
    nodes = frozenset(REGIONS)
    return Changes(
        nodes={
            region: Node(id=region, name=region, region=region, rank=rank, joined=NOW, heard=NOW)
            for rank, region in enumerate(REGIONS)
        },
        states={name: replace(state, electors=nodes) for name, state in saved.states.items()},
        votes={
            (name, region): replace(vote, node=region, latency_ns=_latency_ns(number, rank))
            for number, name in enumerate(saved.states)
            for rank, region in enumerate(REGIONS)
        },
    )


def _latency_ns(number: int, rank: int) -> int:
    """Of 20 to 219 ms, seldom the same in two places."""
    return (20 + (7 * number + 31 * rank) % 200) * 1_000_000


def _made(leader: Leader) -> tuple[float, float, int, int]:
    """The milliseconds to make the page cold and anew, and its bytes, plain and packed."""
    renderer = Renderer("T", "UTC")
    snapshot = anyio.run(_snapshot, leader)
    moment = Moment(snapshot=snapshot, maintenance=(), lately={})

    def site() -> Site:
        return Site(leader.store, renderer, Openness(regions=True), "T", "UTC")

    def render(one: Site) -> Rendered:
        return Rendered(one.status(one.page(moment)))

    known = site()
    made = render(known)
    cold = best_ms(lambda: render(site()), _TIMES)
    return cold, best_ms(lambda: render(known), _TIMES), len(made.body), len(made.packed)


async def _snapshot(leader: Leader) -> Snapshot:
    return await Overview(leader).snapshot(uptimes=False)


async def _asked(app: Starlette) -> tuple[float, float]:
    """The milliseconds of an answer from what was just made: the page, and 304."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as client:
        first = await client.get("/status")
        found = []
        for headers in ({}, {"If-None-Match": first.headers["etag"]}):
            before = time.process_time()
            for _ in range(_TIMES):
                await client.get("/status", headers=headers)
            found.append((time.process_time() - before) * 1000 / _TIMES)
    return found[0], found[1]
