"""Incident posts: what people write on the status page. Times are Unix seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select

from uptop_leader.posts import Post, PostKind
from uptop_leader.store import audit, puts
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms, to_seconds

if TYPE_CHECKING:
    from uptop_leader.configuration import Actor
    from uptop_leader.store.connections import Connections

_POST = METADATA.tables["post"]
_PUT = puts.upsert(_POST)
_SEPARATOR = ","


class Posts:
    """The posts of one open database; methods as those of `Store`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def put(self, post: Post, actor: Actor, now: float) -> None:
        """Add a post, or put it in the place of the one that has its id."""
        row = {
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
        with self._connections.writing(flush=True) as connection:
            known = connection.execute(select(_POST.c.id).where(_POST.c.id == post.id)).first()
            what = "post added" if known is None else "post changed"
            _PUT.rows(connection, row)
            audit.note(connection, actor, what, post.title or post.thread, post.kind.value, now)

    def drop(self, post_id: str, actor: Actor, now: float) -> bool:
        """Remove a post, and with the first of a thread all of it; False where there is none."""
        with self._connections.writing(flush=True) as connection:
            row = connection.execute(select(_POST).where(_POST.c.id == post_id)).one_or_none()
            if row is None:
                return False
            own = _POST.c.thread == row.id if row.thread == row.id else _POST.c.id == row.id
            connection.execute(delete(_POST).where(own))
            audit.note(connection, actor, "post deleted", row.title or row.thread, row.kind, now)
            return True

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
