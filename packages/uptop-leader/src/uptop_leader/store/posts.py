"""Incident posts: what people write on the status page. Times are Unix seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from uptop_leader.posts import Post, PostKind
from uptop_leader.store import audit
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.configuration import Actor
    from uptop_leader.store.connections import Connections

_POST = METADATA.tables["post"]
_SEPARATOR = ","


class Posts:
    """The posts of one open database; methods as those of `Store`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, post: Post, actor: Actor, now: float) -> bool:
        """Add a post; False, and nothing is added, where the thread it is to go on with is not
        there (any more).
        """
        with self._connections.writing(flush=True) as connection:
            if post.thread != post.id and not _is_begun(connection, post.thread):
                return False
            connection.execute(insert(_POST).values(_row(post)))
            _note(connection, actor, "post added", post, now)
            return True

    def edit(
        self, post_id: str, change: Callable[[Post], Post], actor: Actor, now: float
    ) -> Post | None:
        """Put what `change` makes of a post in its place, and return it; None where there is none.

        Nobody writes in between, here or at another leader. What `change` raises leaves the post
        as it is.
        """
        with self._connections.writing(flush=True) as connection:
            before = _locked(connection, post_id)
            if before is None:
                return None
            after = change(before)
            row = _row(after)
            connection.execute(update(_POST).where(_POST.c.id == post_id).values(row))
            _note(connection, actor, "post changed", after, now)
            return after

    def drop(
        self,
        post_id: str,
        actor: Actor,
        now: float,
        check: Callable[[Post], object] | None = None,
    ) -> tuple[str, ...]:
        """Remove a post, and with the first of a thread all of it; returns the ids of what went,
        none where there is no such post. What `check` raises leaves all as it is.
        """
        with self._connections.writing(flush=True) as connection:
            post = _locked(connection, post_id)
            if post is None:
                return ()
            if check is not None:
                check(post)
            own = _POST.c.thread == post.id if post.thread == post.id else _POST.c.id == post.id
            gone = connection.execute(delete(_POST).where(own).returning(_POST.c.id)).scalars()
            ids = tuple(gone)
            _note(connection, actor, "post deleted", post, now)
            return ids

    def one(self, post_id: str) -> Post | None:
        """The post of that id."""
        found = self._read(select(_POST).where(_POST.c.id == post_id))
        return found[0] if found else None

    def newest(
        self,
        limit: int = 50,
        before: float | None = None,
        incident: str | None = None,
        *,
        thread: str | None = None,
        beyond: tuple[float, str] | None = None,
    ) -> list[Post]:
        """Posts, the newest first; `before` pages on from the time of the last one, `beyond` from
        its time and id. `incident` and `thread` name whose they are to be.
        """
        query = select(_POST).order_by(_POST.c.at_ms.desc(), _POST.c.id).limit(limit)
        if before is not None:
            query = query.where(_POST.c.at_ms < to_ms(before))
        if incident is not None:
            query = query.where(_POST.c.incident == incident)
        if thread is not None:
            query = query.where(_POST.c.thread == thread)
        if beyond is not None:
            at_ms, last = to_ms(beyond[0]), beyond[1]
            same = (_POST.c.at_ms == at_ms) & (_POST.c.id > last)
            query = query.where(same | (_POST.c.at_ms < at_ms))
        return self._read(query)

    def of_thread(self, thread: str) -> list[Post]:
        """The posts of a thread, the oldest first."""
        query = select(_POST).where(_POST.c.thread == thread)
        return self._read(query.order_by(_POST.c.at_ms, _POST.c.id))

    def about(self, incident: str) -> list[Post]:
        """All posts of the threads in which one is about an incident, the oldest first."""
        threads = select(_POST.c.thread).where(_POST.c.incident == incident)
        query = select(_POST).where(_POST.c.thread.in_(threads.scalar_subquery()))
        return self._read(query.order_by(_POST.c.at_ms, _POST.c.id))

    def of_newest_threads(self, limit: int = 100) -> list[Post]:
        """All posts of the threads that were written to last."""
        newest = select(_POST.c.thread).group_by(_POST.c.thread)
        newest = newest.order_by(func.max(_POST.c.at_ms).desc(), _POST.c.thread).limit(limit)
        query = select(_POST).where(_POST.c.thread.in_(newest.scalar_subquery()))
        return self._read(query.order_by(_POST.c.at_ms, _POST.c.id))

    def _read(self, query: Select[Any]) -> list[Post]:
        with self._connections.reading() as connection:
            return [_post(row) for row in connection.execute(query)]


def _is_begun(connection: Connection, thread: str) -> bool:
    """Whether a thread has its first post, which is locked until the end of the transaction."""
    first = _locked(connection, thread)
    return first is not None and first.thread == first.id


def _locked(connection: Connection, post_id: str) -> Post | None:
    """A post that nobody else changes or removes until the end of the transaction."""
    query = select(_POST).where(_POST.c.id == post_id).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else _post(row)


def _note(connection: Connection, actor: Actor, what: str, post: Post, now: float) -> None:
    """Into the audit log, by its title or that of its thread."""
    begun = select(_POST.c.title).where(_POST.c.id == post.thread)
    about = post.title or connection.scalar(begun) or post.thread
    audit.note(connection, actor, what, about, post.kind.value, now)


def _row(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "thread": post.thread,
        "incident": post.incident,
        "kind": post.kind.value,
        "title": post.title,
        "words": post.words,
        "monitors": _SEPARATOR.join(post.monitors),
        "at_ms": to_ms(post.at),
        "who": post.who,
    }


def _post(row: Any) -> Post:
    return Post(
        id=row.id,
        thread=row.thread,
        incident=row.incident,
        kind=PostKind(row.kind),
        title=row.title,
        words=row.words,
        monitors=tuple(row.monitors.split(_SEPARATOR)) if row.monitors else (),
        at=to_seconds(row.at_ms),
        who=row.who,
    )
