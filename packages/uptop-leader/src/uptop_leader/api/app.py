"""The leader's HTTP surface as data: what is at which address, and what stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from uptop_core.errors import UptopError
from uptop_leader.api.access import Access
from uptop_leader.api.backups import Backups
from uptop_leader.api.copying import Copying
from uptop_leader.api.guards import Guards
from uptop_leader.api.heartbeats import Heartbeats
from uptop_leader.api.overview import Overview
from uptop_leader.api.pages import Pages
from uptop_leader.api.peers import Peers
from uptop_leader.api.probes import Probes
from uptop_leader.api.problems import answer_error, answer_http
from uptop_leader.api.scrapes import Scrapes
from uptop_leader.api.v1 import v1_routes

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader, Pairing
    from uptop_leader.api.limits import Limits
    from uptop_leader.passes import Passes

_BOTH = ("GET", "POST")


def build_app(
    leader: Leader,
    pairing: Pairing | None = None,
    passes: Passes | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """The ASGI app of one leader; `pairing` is what it is to another one, `passes` are those of
    sessions over SSH.
    """
    access, overview = Access(leader, limits, passes), Overview(leader)
    peers, probes, heartbeats = (
        Peers(leader, access, pairing),
        Probes(leader, access),
        Heartbeats(leader, access),
    )
    backups = Backups(leader)
    pages, scrapes = Pages(leader, overview), Scrapes(leader, access, overview)
    open_to_all = access.anybody
    routes = [
        Route("/api/health", peers.health),
        Route("/api/probe/register", probes.register, methods=["POST"]),
        Route("/api/probe/assignments", probes.assignments),
        Route("/api/probe/results", probes.results, methods=["POST"]),
        Route("/api/push", heartbeats.take, methods=_BOTH),
        Route("/api/push/{token}", heartbeats.take, methods=_BOTH),
        Route("/api/push/{token}/{signal}", heartbeats.take, methods=_BOTH),
        *v1_routes(leader, access, overview, backups),
        Route("/metrics", scrapes.metrics),
        Route("/", open_to_all(pages.home)),
        Route("/status", open_to_all(pages.status)),
        Route("/status/json", open_to_all(pages.status_json)),
        Route("/status/history", open_to_all(pages.history)),
        Route("/status/incidents/{id}", open_to_all(pages.incident)),
        Route("/status/monitors/{id}", open_to_all(pages.monitor)),
        Route("/status/badges/{name}.svg", open_to_all(pages.badge)),
        Route("/status/{name}", open_to_all(pages.feed)),
        Route("/static/{name}", open_to_all(pages.static)),
        Route("/favicon.ico", open_to_all(pages.favicon)),
    ]
    if pairing is not None:
        routes += _between_leaders(Copying(pairing, access))
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guards)],
        exception_handlers={UptopError: answer_error, HTTPException: answer_http},
    )


def _between_leaders(copying: Copying) -> list[Route]:
    return [
        Route("/api/follower/changes", copying.changes),
        Route("/api/follower/rows", copying.rows),
        Route("/api/follower/digests", copying.digests),
        Route("/api/follower/results", copying.results),
        Route("/api/follower/history", copying.history),
        Route("/api/follower/ledgers", copying.ledgers),
        Route("/api/follower/give", copying.give, methods=["POST"]),
    ]
