"""What people set up, by forms: each function asks, and has what was filled in made by the leader.

They are for `app.do`, which tells the sentence that they give, or the error that they raise; an
empty sentence means that nothing was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.api_bodies import PostBody
from uptop_core.errors import LeaderError, LeaderRefused
from uptop_core.escaping import escape
from uptop_core.strict import build
from uptop_tui.forms.bodies import post_draft
from uptop_tui.forms.dates import zone_of_machine
from uptop_tui.forms.drafts import Draft
from uptop_tui.forms.kinds import (
    channel_form,
    kind_options,
    monitor_form,
    new_channel,
    new_monitor,
)
from uptop_tui.forms.known import Known
from uptop_tui.forms.maintenance import maintenance_form, new_maintenance
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.form import FormScreen
from uptop_tui.screens.pick import PickScreen
from uptop_tui.screens.waiting import meanwhile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_core.api_answers import Kinds, PostView
    from uptop_core.api_client import ApiClient, Where
    from uptop_tui.app import UptopApp
    from uptop_tui.forms.drafts import Body
    from uptop_tui.forms.fields import Option

_NAME_LIMIT = 60
_ASKED, _LISTED = 20, 5
"""How many names stand in a question, and how many in a notice."""
_GONE, _REFERRED_TO = 404, 409
_NOUNS: dict[Where, str] = {
    "monitors": "monitor",
    "channels": "channel",
    "maintenance": "maintenance",
}


async def add_monitor(app: UptopApp) -> str:
    """A new monitor: first its kind is chosen."""
    if (read := await meanwhile(app, lambda: _read(app))) is None:
        return ""
    kinds, known = read
    if not (kind := await _pick(app, "What kind of monitor?", kind_options(kinds.checks))):
        return ""
    form = monitor_form(kinds, kind, known, is_new=True)
    return await _add(app, "monitors", Draft(form, new_monitor(kind), is_new=True))


async def add_channel(app: UptopApp) -> str:
    """A new channel: first its provider is chosen."""
    if (read := await meanwhile(app, lambda: _read(app))) is None:
        return ""
    kinds, known = read
    if not (kind := await _pick(app, "What kind of channel?", kind_options(kinds.providers))):
        return ""
    form = channel_form(kinds, kind, known, is_new=True)
    return await _add(app, "channels", Draft(form, new_channel(kind), is_new=True))


async def plan_maintenance(app: UptopApp, monitors: tuple[str, ...] = ()) -> str:
    """A new maintenance, of these monitors to begin with."""
    if (read := await meanwhile(app, lambda: _read(app))) is None:
        return ""
    form = maintenance_form(*read, is_new=True)
    return await _add(app, "maintenance", new_maintenance(form, zone_of_machine(), monitors))


async def edit(app: UptopApp, where: Where, id: str) -> str:
    """Change the settings of what there is, if nobody else was faster."""
    edited = _Edit(app.client, where, id)

    async def read() -> Draft | None:
        settings = await edited.read()
        kinds, known = await _read(app)
        return _draft(kinds, where, settings, known.without(id)) if settings else None

    draft = await meanwhile(app, read)
    return await ask(app, draft, edited.save, edited.again) if draft is not None else ""


async def remove(app: UptopApp, where: Where, things: dict[str, str]) -> str:
    """Remove what has these ids (their names are for the question), if that is meant."""
    noun, names = _NOUNS[where], list(things.values())
    what = f"the {noun} {_listed(names, 1)}" if len(names) == 1 else f"{len(names)} {noun}s"
    words = f"Remove {what}? This cannot be taken back."
    if where == "monitors":
        words += " What is open of an incident is closed."
    if len(names) > 1:
        words += "\n\n" + _listed(names, _ASKED)
    if not await app.push_screen_wait(ConfirmScreen(f"Remove {noun}", words, "Remove")):
        return ""
    if len(names) > _LISTED:
        app.tell(f"removing {what} …")
    trouble, left = await _remove_all(app.client, where, list(things))
    if trouble is None:
        return f"{what} removed"
    if len(left) == len(things):
        raise trouble
    named = _listed([things[id] for id in left], _LISTED)
    counts = f"{len(things) - len(left)} removed, {len(left)} left"
    app.tell(f"{counts}: {named} — {trouble}", is_error=True)
    return ""


def _listed(names: list[str], most: int) -> str:
    return ", ".join(escape(name, _NAME_LIMIT) for name in names[:most]) + (
        " …" if len(names) > most else ""
    )


async def _remove_all(
    client: ApiClient, where: Where, ids: list[str]
) -> tuple[LeaderError | None, list[str]]:
    """Remove these; what others of them refer to goes after those, and what somebody else removed
    is removed. What is left, and why: any other trouble would meet the rest, too, and ends it.
    """
    while ids:
        refused: dict[str, LeaderRefused] = {}
        for place, id in enumerate(ids):
            try:
                await client.remove(where, id)
            except LeaderRefused as error:
                if error.status == _REFERRED_TO:
                    refused[id] = error
                elif error.status != _GONE:
                    return error, [*refused, *ids[place:]]
            except LeaderError as error:
                return error, [*refused, *ids[place:]]
        if len(refused) == len(ids):
            return next(iter(refused.values())), ids
        ids = list(refused)
    return None, []


async def write_post(
    app: UptopApp,
    *,
    last: PostView | None = None,
    incident: str | None = None,
    monitors: tuple[str, ...] = (),
    title: str = "",
) -> str:
    """Write for the status page: on in the thread of `last`, or about an incident and monitors."""
    known = Known(monitors=tuple(app.picture.monitors.values()))
    draft = post_draft(known, last=last, incident=incident, monitors=monitors, title=title)

    async def save(body: Body) -> str:
        await app.client.write_post(build(PostBody, body))
        return "posted"

    return await ask(app, draft, save)


async def ask(
    app: UptopApp,
    draft: Draft,
    save: Callable[[Body], Awaitable[str]],
    again: Callable[[], Awaitable[Body]] | None = None,
) -> str:
    """Have a form filled in; the sentence that `save` gives, or an empty one."""
    screen = FormScreen(draft, save, again=again, now=lambda: app.now() / 1000)
    return await app.push_screen_wait(screen) or ""


async def _pick(app: UptopApp, title: str, options: tuple[Option, ...]) -> str:
    """The value that was chosen; an empty one for none."""
    picked = await app.push_screen_wait(PickScreen(title, options))
    return picked[0] if picked else ""


async def _read(app: UptopApp) -> tuple[Kinds, Known]:
    """What forms are drawn from, and what they can refer to."""
    kinds, channels = await app.client.kinds(), await app.client.channels()
    picture = app.picture
    known = Known(
        monitors=tuple(picture.monitors.values()),
        channels=channels.channels,
        nodes=tuple(picture.nodes.values()),
    )
    return kinds, known


class _Edit:
    """Something as it was read, to be replaced if it is still like that."""

    def __init__(self, client: ApiClient, where: Where, id: str) -> None:
        self._client = client
        self._where: Where = where
        self._id = id
        self._etag = ""

    async def read(self) -> Body | None:
        held = await self._client.read(self._where, self._id)
        self._etag = held.etag
        settings: Body | None = held.value.settings
        return settings

    async def again(self) -> Body:
        return await self.read() or {}

    async def save(self, body: Body) -> str:
        await self._client.replace(self._where, self._id, body, self._etag)
        return f"{escape(str(body['name']), _NAME_LIMIT)}: saved"


def _draft(kinds: Kinds, where: Where, settings: Body, known: Known) -> Draft:
    if where == "monitors":
        form = monitor_form(kinds, settings["check"]["type"], known, is_new=False)
        return Draft(form, settings)
    if where == "channels":
        form = channel_form(kinds, settings["provider"]["type"], known, is_new=False)
        return Draft(form, settings)
    return Draft(maintenance_form(kinds, known, is_new=False), settings)


async def _add(app: UptopApp, where: Where, draft: Draft) -> str:
    async def save(body: Body) -> str:
        await app.client.add(where, body)
        return f"{escape(str(body['name']), _NAME_LIMIT)}: added"

    return await ask(app, draft, save)
