"""The public status page, its JSON, and the little that stands around it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import RedirectResponse, Response

from uptop_leader.api.answers import tagged
from uptop_leader.api.overview import KEPT_S
from uptop_leader.api.recent import Recent
from uptop_leader.maintenance_views import public_maintenances
from uptop_leader.public import public_status, status_page
from uptop_leader.refusals import NotThere
from uptop_leader.views import monitor_views

if TYPE_CHECKING:
    from starlette.requests import Request

    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_HTML = "text/html; charset=utf-8"
_STATIC = {"uptop.css": "text/css; charset=utf-8", "favicon.svg": "image/svg+xml"}
_REFRESH_S = 30


class Pages:
    """What browsers are shown. The page is rendered at most once a second, however many ask."""

    def __init__(self, leader: Leader, overview: Overview) -> None:
        self._leader = leader
        self._overview = overview
        self._enabled = leader.settings.status_enabled
        folder = resources.files("uptop_leader") / "pages" / "static"
        self._files = {name: (folder / name).read_bytes() for name in _STATIC}
        self._templates = _environment(hashlib.sha256(self._files["uptop.css"]).hexdigest()[:12])
        self._page = Recent(self._render, leader.clock_now, KEPT_S)
        self._json = Recent(self._encode, leader.clock_now, KEPT_S)

    async def home(self, request: Request) -> Response:  # noqa: ARG002  every handler gets it
        """`GET /`: the status page where there is one, else what else is here."""
        if self._enabled:
            return RedirectResponse("/status", 302)
        body = self._templates.get_template("nothing.html").render()
        return Response(body, 404, headers=_page_headers(), media_type=_HTML)

    async def status(self, request: Request) -> Response:
        """`GET /status`."""
        self._need_enabled()
        return tagged(request, await self._page.get(), _HTML, headers=_page_headers())

    async def status_json(self, request: Request) -> Response:
        """`GET /status/json`; other origins may read it if one is set."""
        self._need_enabled()
        origin = self._leader.settings.cors_origin
        headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}
        return tagged(request, await self._json.get(), "application/json", headers=headers)

    async def static(self, request: Request) -> Response:
        """`GET /static/{name}`."""
        return self._file(request, request.path_params["name"])

    async def favicon(self, request: Request) -> Response:
        """`GET /favicon.ico`, which browsers ask for by themselves."""
        return self._file(request, "favicon.svg")

    def _file(self, request: Request, name: str) -> Response:
        if name not in self._files:
            raise NotThere("there is no such file")
        headers = {"Cache-Control": "public, max-age=86400"}
        return tagged(request, self._files[name], _STATIC[name], headers=headers)

    def _need_enabled(self) -> None:
        if not self._enabled:
            raise NotThere("the status page is off: UPTOP_STATUS_ENABLED=true turns it on")

    async def _render(self) -> bytes:
        snapshot = await self._overview.snapshot()
        incidents = await self._overview.incidents()
        title = self._leader.settings.status_title
        planned = public_maintenances(self._leader.calendar, snapshot.monitors, snapshot.now)
        lately = self._leader.lately if self._leader.settings.status_regions else None
        views = monitor_views(snapshot)
        page = status_page(title, views, incidents, snapshot.now, planned, lately)
        template = self._templates.get_template("status.html")
        text = await anyio.to_thread.run_sync(lambda: template.render(page=page))
        return text.encode()

    async def _encode(self) -> bytes:
        snapshot = await self._overview.snapshot()
        return msgspec.json.encode(public_status(monitor_views(snapshot), snapshot.now))


def _environment(version: str) -> Environment:
    """The templates. `version` changes with the style sheet, so that caches ask anew."""
    environment = Environment(
        loader=PackageLoader("uptop_leader", "pages/templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["iso"] = _iso
    environment.globals["style_version"] = version
    environment.globals["refresh_s"] = _REFRESH_S
    return environment


def _page_headers() -> dict[str, str]:
    return {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}


def _moment(ms: int, after: int | None = None) -> str:
    """A moment for people; only its time of day where `after` is a moment of the same day."""
    then = datetime.fromtimestamp(ms / 1000, UTC)
    if after is not None and datetime.fromtimestamp(after / 1000, UTC).date() == then.date():
        return f"{then:%H:%M} UTC"
    return f"{then.day} {then:%b %Y, %H:%M} UTC"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
