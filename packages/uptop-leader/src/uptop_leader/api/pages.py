"""The public status page, its JSON, feeds and badges, and the little that stands around it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from starlette.responses import RedirectResponse, Response

from uptop_leader.api.answers import tagged
from uptop_leader.api.overview import KEPT_S
from uptop_leader.api.recent import Recent
from uptop_leader.api.rendered import HTML, Rendered
from uptop_leader.maintenance_views import public_maintenances
from uptop_leader.pages import badges
from uptop_leader.pages.rendering import POLICY, STATIC, Renderer
from uptop_leader.pages.site import FEEDS, Moment, Site, updated_ms
from uptop_leader.public_views.openness import openness_of, shown_monitors
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.zones import zone_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview
    from uptop_leader.public_views.happenings import Happening
    from uptop_leader.public_views.page import StatusPage

T = TypeVar("T")
_HEADERS = {"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"}
_KEPT = 50  # pages of single things, and feeds, that are kept for a moment
_SINGLE_S = 10.0
_THREADS = 2  # that make pages


class Pages:
    """What browsers are shown. Each page is made at most once a second, however many ask."""

    def __init__(self, leader: Leader, overview: Overview) -> None:
        self._leader = leader
        self._overview = overview
        settings = leader.settings
        self._enabled = settings.status_enabled
        self._openness = openness_of(settings)
        title, zone_name = settings.status_title, settings.status_timezone
        self._renderer = Renderer(title, zone_name)
        self._site = Site(leader.store, self._renderer, self._openness, title, zone_name)
        # What strangers ask for in whatever number keeps no more threads than these from the rest.
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._moments = self._recent(self._make_moment)
        self._page = self._recent(self._make_page)
        self._status = self._recent(self._make_status)
        self._json = self._recent(self._make_json)
        self._past = self._recent(self._make_past)
        self._history = self._recent(self._make_history)
        self._singles: dict[str, Recent[Rendered]] = {}

    async def home(self, request: Request) -> Response:  # noqa: ARG002  every handler gets it
        """`GET /`: the status page where there is one, else what else is here."""
        if self._enabled:
            return RedirectResponse("/status", 302)
        return Response(self._renderer.nothing(), 404, headers=_HEADERS, media_type=HTML)

    async def status(self, request: Request) -> Response:
        """`GET /status`."""
        self._need_enabled()
        return await self._in_zone(request, await self._status.get())

    async def history(self, request: Request) -> Response:
        """`GET /status/history`: everything of 90 days."""
        self._need_enabled()
        return await self._in_zone(request, await self._history.get())

    async def incident(self, request: Request) -> Response:
        """`GET /status/incidents/{id}`: an incident, or a thread of posts, and its timeline."""
        return await self._single(request, "incident", self._site.happening)

    async def monitor(self, request: Request) -> Response:
        """`GET /status/monitors/{id}`."""
        if request.path_params["id"] not in self._leader.monitors:
            raise NotThere("no service has this id")
        return await self._single(request, "service", self._site.monitor)

    async def status_json(self, request: Request) -> Response:
        """`GET /status/json`; other origins may read it if one is set."""
        self._need_enabled()
        origin = self._leader.settings.cors_origin
        headers = {"Access-Control-Allow-Origin": origin} if origin else {}
        return (await self._json.get()).answer(request, headers)

    async def feed(self, request: Request) -> Response:
        """`GET /status/feed.atom` and `GET /status/feed.rss`."""
        self._need_enabled()
        name = request.path_params["name"]
        if name not in FEEDS:
            raise NotThere("there are feed.atom and feed.rss")
        base = (self._leader.settings.public_url or str(request.base_url)).rstrip("/")

        async def made() -> Rendered:
            past, updated = await self._past.get(), updated_ms(await self._moments.get())
            text = await self._aside(partial(self._site.feed, name, past, base, updated))
            return Rendered(text, FEEDS[name][1])

        return (await self._kept(f"{name} {base}", made)).answer(request, {})

    async def badge(self, request: Request) -> Response:
        """`GET /status/badges/{name}.svg`: overall, a monitor's id, or that and `-uptime`."""
        self._need_enabled()
        made = self._site.badge(await self._page.get(), request.path_params["name"])
        if made is None:
            raise NotThere("there is no badge of this name")
        return Rendered(made, badges.MEDIA).answer(request, {})

    async def static(self, request: Request) -> Response:
        """`GET /static/{name}`."""
        return self._file(request, request.path_params["name"])

    async def favicon(self, request: Request) -> Response:
        """`GET /favicon.ico`, which browsers ask for by themselves."""
        return self._file(request, "favicon.svg")

    def _file(self, request: Request, name: str) -> Response:
        if name not in STATIC:
            raise NotThere("there is no such file")
        headers = {"Cache-Control": "public, max-age=86400"}
        return tagged(request, self._renderer.files[name], STATIC[name], headers=headers)

    def _need_enabled(self) -> None:
        if not self._enabled:
            raise NotThere("the status page is off: UPTOP_STATUS_ENABLED=true turns it on")

    async def _make_moment(self) -> Moment:
        """What the leader knows now. Of the calendar only its own thread may ask."""
        snapshot = await self._overview.snapshot(uptimes=False)
        shown = shown_monitors(snapshot.monitors, self._openness)
        return Moment(
            snapshot=snapshot,
            maintenance=public_maintenances(self._leader.calendar, shown, snapshot.now),
            lately=self._leader.lately,
        )

    async def _single(
        self, request: Request, noun: str, make: Callable[[Moment, str], str | None]
    ) -> Response:
        """The page of one thing, made anew when the one that is kept is too old."""
        self._need_enabled()

        async def made() -> Rendered:
            text = await self._aside(partial(make, await self._moments.get(), wanted))
            if text is None:
                raise NotThere(f"no {noun} has this id")
            return Rendered(text)

        wanted = request.path_params["id"]
        return await self._in_zone(request, await self._kept(f"{noun} {wanted}", made))

    async def _kept(self, name: str, make: Callable[[], Awaitable[Rendered]]) -> Rendered:
        """A page as it was some seconds ago at the most; of many those asked for last are kept."""
        recent = self._singles.pop(name, None) or self._recent(make, _SINGLE_S)
        self._singles[name] = recent  # before it is made: who asks meanwhile waits for the same
        try:
            found = await recent.get()
        except BaseException:  # what is not there takes nobody's place
            self._singles.pop(name, None)
            raise
        if len(self._singles) > _KEPT:
            del self._singles[next(iter(self._singles))]
        return found

    def _recent(self, make: Callable[[], Awaitable[T]], seconds: float = KEPT_S) -> Recent[T]:
        return Recent(make, self._leader.clock_now, seconds)

    async def _make_page(self) -> StatusPage:
        return await self._aside(partial(self._site.page, await self._moments.get()))

    async def _make_status(self) -> Rendered:
        page = await self._page.get()
        return await self._aside(lambda: Rendered(self._site.status(page)))

    async def _make_json(self) -> Rendered:
        moment = await self._moments.get()
        return await self._aside(lambda: Rendered(self._site.statuses(moment), "application/json"))

    async def _make_past(self) -> tuple[Happening, ...]:
        return await self._aside(partial(self._site.past, await self._moments.get()))

    async def _make_history(self) -> Rendered:
        past = await self._past.get()
        return await self._aside(lambda: Rendered(self._site.history(past)))

    async def _aside(self, make: Callable[[], T]) -> T:
        """What takes a while."""
        return await anyio.to_thread.run_sync(make, limiter=self._threads)

    async def _in_zone(self, request: Request, page: Rendered) -> Response:
        """The page with its moments in the zone that is asked for with `?tz=`. A long one takes
        milliseconds, and anybody may ask for a zone: so it is made beside the loop.
        """
        wanted = request.query_params.get("tz")
        if wanted is not None:
            page = await self._aside(partial(_zoned, page, wanted))
        return page.answer(request, _HEADERS)


def _zoned(page: Rendered, wanted: str) -> Rendered:
    """The page in a zone. Raises BadRequest where there is none of that name."""
    problem = zone_problem(wanted)
    if problem is not None:
        raise BadRequest("tz", problem)
    return page.in_zone(wanted)
