"""What has happened: incidents, and what people have written of them or of anything else. Pure.

An incident and the thread of posts about it are one happening. It is open as long as the incident is,
and as long as people have not said that it is resolved: for a day after the incident at most, since
a last word is easily forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.posts import Thread, threads
from uptop_leader.public_views.rows import lasting
from uptop_leader.states import Status
from uptop_leader.times import to_ms, to_ms_or_none
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.incidents import Incident
    from uptop_leader.nodes import Node
    from uptop_leader.posts import Post
    from uptop_leader.public_views.openness import Openness

_FORGOTTEN_S = 86_400.0
_ENDS = {"paused": "Monitoring was paused", "deleted": "No longer watched"}


class Update(Struct, frozen=True, kw_only=True):
    """One entry of a timeline: what at which moment (Unix milliseconds). `kind` is a kind of post,
    or down, or up.
    """

    at: int
    kind: str
    label: str
    words: str = ""


class Happening(Struct, frozen=True, kw_only=True):
    """Something that happened; Unix milliseconds. `updates` are told the oldest first; `affected`
    are the ids and names of monitors. `status` says how bad it is, `state` how far people are.
    """

    id: str
    title: str
    status: str
    state: str
    started: int
    ended: int | None
    lasted: str
    affected: tuple[tuple[str, str], ...]
    updates: tuple[Update, ...]
    is_planned: bool = False
    is_late: bool = False

    @property
    def newest(self) -> int:
        """When something was last added to it."""
        return max(self.updates[-1].at, self.ended or 0)


class Teller(Struct, frozen=True, kw_only=True):
    """Tells what happened to the monitors that may be shown."""

    now: float
    monitors: Mapping[str, Monitor]
    nodes: Mapping[str, Node]
    openness: Openness

    def happenings(
        self, incidents: Iterable[Incident], posts: Iterable[Post]
    ) -> tuple[Happening, ...]:
        """All of them, the newest first. Groups repeat their members, and what is deleted is
        nobody's news any more. Every incident that a post is about has to be among `incidents`.
        """
        known = tuple(incidents)
        about: dict[str | None, list[Thread]] = {}
        for thread in self._shown(posts, known):
            about.setdefault(thread.incident, []).append(thread)
        found = [
            self._of_incident(one, about.pop(one.id, ())) for one in known if self._is_news(one)
        ]
        alone = [self._of_thread(thread) for own in about.values() for thread in own]
        found += [one for one in alone if one is not None]
        return tuple(sorted(found, key=lambda one: (-one.started, one.id)))

    def of_incident(
        self, incident: Incident, posts: Iterable[Post], named: Iterable[Incident]
    ) -> Happening | None:
        """An incident with the threads about it; None where it may not be shown. `named` are the
        incidents that the posts are about.
        """
        if not self._is_news(incident):
            return None
        return self._of_incident(incident, self._shown(posts, named))

    def _is_news(self, incident: Incident) -> bool:
        monitor = self.monitors.get(incident.monitor)
        return monitor is not None and monitor.kind != "group"

    def _shown(self, posts: Iterable[Post], named: Iterable[Incident]) -> tuple[Thread, ...]:
        """The threads that tell of no incident of a monitor that is hidden or deleted: people
        write names and causes into titles and words.
        """
        open_to_all = {one.id for one in named if one.monitor in self.monitors}
        return tuple([one for one in threads(posts) if one.incidents <= open_to_all])

    def _of_incident(self, incident: Incident, about: Iterable[Thread]) -> Happening:
        posts = [post for thread in about for post in thread.posts]
        updates = sorted(
            (*self._found(incident), *map(_written, posts)), key=lambda update: update.at
        )
        ended = incident.ended
        newest = max(posts, key=lambda post: post.at, default=None)
        if ended is not None and newest is not None and newest.kind != "resolved":
            is_forgotten = self.now - max(ended, newest.at) > _FORGOTTEN_S
            ended = ended if is_forgotten else None
        title = next((thread.title for thread in about if thread.title), "")
        is_down = incident.ended is None
        return Happening(
            id=incident.id,
            title=title or f"{incident.name} {'is' if is_down else 'was'} down",
            status=(Status.DOWN if is_down else Status.UP).value,
            state=newest.kind.value if newest is not None else "",
            started=to_ms(incident.started),
            ended=to_ms_or_none(ended),
            lasted=self._lasted(incident.started, incident.ended),
            affected=self._affected((incident.monitor, *_named(about)), incident),
            updates=tuple(updates),
            is_planned=bool(incident.maintenance),
            is_late=incident.late,
        )

    def of_posts(self, posts: Iterable[Post], named: Iterable[Incident]) -> Happening | None:
        """The thread that these posts are; None without any, or where it may not be shown. `named`
        are the incidents that they are about.
        """
        return next(map(self._of_thread, self._shown(posts, named)), None)

    def _of_thread(self, thread: Thread) -> Happening | None:
        """A thread on its own; None where it names only what may not be shown."""
        named = thread.monitors
        affected = self._affected(named)
        if named and not affected:
            return None
        ended = thread.newest.at if thread.is_over else None
        return Happening(
            id=thread.id,
            title=thread.title or thread.posts[0].words.partition("\n")[0][:80],
            status=(Status.UP if thread.is_over else Status.DEGRADED).value,
            state=thread.newest.kind.value,
            started=to_ms(thread.started),
            ended=to_ms_or_none(ended),
            lasted=self._lasted(thread.started, ended),
            affected=affected,
            updates=tuple(map(_written, thread.posts)),
        )

    def _lasted(self, started: float, ended: float | None) -> str:
        if ended is None:
            return lasting(to_ms(self.now) - to_ms(started))
        return duration(to_ms(ended) - to_ms(started))

    def _affected(
        self, ids: Iterable[str], incident: Incident | None = None
    ) -> tuple[tuple[str, str], ...]:
        names = {one: self.monitors[one].name for one in ids if one in self.monitors}
        if incident is not None:
            names[incident.monitor] = incident.name
        return tuple(names.items())

    def _found(self, incident: Incident) -> Iterable[Update]:
        """What the nodes found: the beginning, and the end."""
        seen = self._seen(incident)
        if incident.late:
            seen.append("found afterwards, in results that came late")
        elif incident.confirmed > incident.started:
            after = duration(to_ms(incident.confirmed) - to_ms(incident.started))
            seen.append(f"confirmed after {after}")
        why = incident.reasons if self.openness.errors else ""
        if why and self.openness.targets and incident.detail:
            why = f"{why}: {incident.detail}"
        words = "\n".join(part for part in (_sentence(seen), why) if part)
        yield Update(at=to_ms(incident.started), kind="down", label="Down", words=words)
        if incident.ended is not None:
            label = _ENDS.get(incident.cause, "Up again")
            lasted = self._lasted(incident.started, incident.ended)
            yield Update(
                at=to_ms(incident.ended), kind="up", label=label, words=f"It was down for {lasted}."
            )

    def _seen(self, incident: Incident) -> list[str]:
        """From where it was seen down."""
        against = {vote.node for vote in incident.evidence if not vote.up and not vote.abstains}
        regions = {self.nodes[node].region for node in against if node in self.nodes}
        named = sorted(region for region in regions if region)
        if self.openness.regions and named:
            return [f"seen down from {', '.join(named)}"]
        number = len(regions)
        return [f"seen down from {number} region{'s' * (number > 1)}"] if number else []


def _sentence(parts: list[str]) -> str:
    words = ", ".join(parts)
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _named(about: Iterable[Thread]) -> Iterable[str]:
    return (monitor for thread in about for monitor in thread.monitors)


def _written(post: Post) -> Update:
    return Update(
        at=to_ms(post.at),
        kind=post.kind.value,
        label=post.kind.value.capitalize(),
        words=post.words,
    )
