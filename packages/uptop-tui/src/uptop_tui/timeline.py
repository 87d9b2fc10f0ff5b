"""What happened in an incident, in order. Pure.

In: the incident, the transitions of its monitor, and the posts about it. Out: entries, the oldest
first, each with what happened and on what it rests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import moment, span
from uptop_tui.signs import BAD, GOOD, QUIET, sign_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_core.api_answers import PostView, TransitionView
    from uptop_core.views import IncidentView

UNTOLD = {
    "switched off": "nobody is told: messages for it are switched off",
    "maintenance": "nobody is told while it is in maintenance",
    "flapping": "nobody is told: it goes up and down all the time, which was told once",
    "dependency": "nobody is told: what it depends on is down",
}
_NARROWEST = 12
ENDS = {
    "recovered": "recovered",
    "paused": "ended, since the monitor was paused",
    "deleted": "ended, since the monitor was deleted",
}


class Entry(Struct, frozen=True, kw_only=True):
    """Something that happened `at` (Unix ms): a sign and its style, what, and more about it, which is
    said as loud if people wrote it.
    """

    at: int
    sign: str
    what: str
    style: str = ""
    more: tuple[str, ...] = ()
    by_people: bool = False


def timeline(
    incident: IncidentView, transitions: Iterable[TransitionView], posts: Iterable[PostView]
) -> tuple[Entry, ...]:
    """All that is known to have happened, the oldest first."""
    found = [
        *_own(incident),
        *(moved(one) for one in transitions if _is_within(one, incident)),
        *(_written(post) for post in posts),
    ]
    return tuple(sorted(found, key=lambda entry: entry.at))  # stable: what began stands first


def told(entries: Iterable[Entry], now_ms: int, width: int = 80) -> Content:
    """The timeline as it is shown, so many columns wide."""
    listed = [(moment(entry.at, now_ms), entry) for entry in entries]
    longest = max((len(at) for at, _ in listed), default=0)
    indent = " " * (longest + 4)
    room = max(_NARROWEST, width - len(indent))
    lines: list[Content] = []
    for at, entry in listed:
        first = Content.assemble((f"{at:>{longest}}", QUIET), "  ", (entry.sign, entry.style), " ")
        what, *rest = Content(entry.what).wrap(room)
        lines.append(Content.assemble(first, what))
        style = "" if entry.by_people else QUIET
        more = [one for line in entry.more for one in Content.styled(line, style).wrap(room)]
        lines += [Content.assemble(indent, one) for one in (*rest, *more)]
    return Content("\n").join(lines)


def state(incident: IncidentView, now_ms: int) -> Content:
    """How it stands, in one line."""
    if incident.ended is None:
        lasts = span((now_ms - incident.started) / 1000)
        return Content.styled(f"▼ open for {lasts}", BAD)
    lasted = span((incident.ended - incident.started) / 1000)
    how = ENDS.get(incident.cause, escape(incident.cause, 40) or "over")
    return Content.styled(f"● {how} after {lasted}", GOOD)


def _own(incident: IncidentView) -> Iterator[Entry]:
    yield Entry(
        at=incident.started,
        sign="▽",
        what="the first look that failed" if not incident.late else "it was down, as came in late",
        style=BAD,
    )
    more = [escape(part, 300) for part in (incident.reasons, incident.detail) if part]
    if incident.untold:
        more.append(UNTOLD.get(incident.untold, f"nobody is told: {escape(incident.untold, 60)}"))
    if incident.maintenance:
        more.append(f"in maintenance: {escape(incident.maintenance, 100)}")
    if incident.late:
        more.append("results that came too late to vote told of it; nobody was told")
    took = span((incident.confirmed - incident.started) / 1000)
    what = f"confirmed DOWN, {took} after" if not incident.late else "found afterwards"
    yield Entry(at=incident.confirmed, sign="▼", what=what, style=BAD, more=tuple(more))
    taken = incident.acknowledged
    if taken is not None:
        note = (escape(taken.note, 1000),) if taken.note else ()
        what = f"acknowledged by {escape(taken.by, 60)}"
        yield Entry(at=taken.at, sign="✓", what=what, style="bold", more=note, by_people=True)
    if incident.ended is not None:
        what = ENDS.get(incident.cause, escape(incident.cause, 40) or "over")
        lasted = span((incident.ended - incident.started) / 1000)
        yield Entry(at=incident.ended, sign="●", what=f"{what}, after {lasted}", style=GOOD)


def _is_within(one: TransitionView, incident: IncidentView) -> bool:
    """Whether it is part of the story, and not its beginning or end, which the incident tells."""
    if "DOWN" in (one.belief_from, one.belief_to) and one.belief_from != one.belief_to:
        return False
    until = incident.ended if incident.ended is not None else one.at
    return one.monitor == incident.monitor and incident.started <= one.at <= until


def moved(one: TransitionView) -> Entry:
    """What a transition was."""
    sign = sign_of(one.status_to)
    what = f"{sign_of(one.status_from).word} became {sign.word}"
    if one.cause not in ("votes", ""):
        what += f" ({escape(one.cause, 40)})"
    more = tuple(escape(part, 300) for part in (one.reasons, one.detail) if part)
    return Entry(at=one.at, sign=sign.sign, what=what, style=sign.style, more=more)


def _written(post: PostView) -> Entry:
    title = f" “{escape(post.title, 100)}”" if post.title else ""
    words = tuple(escape(line, 300) for line in post.words.splitlines() if line.strip())
    what = f"{escape(post.kind, 20)}{title}, a post by {escape(post.who, 60)}"
    return Entry(at=post.at, sign="✎", what=what, style="bold", more=words, by_people=True)
