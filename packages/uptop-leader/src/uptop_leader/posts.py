"""Incident posts: what people write on the status page about what happens. They suppress nothing.

Posts that tell of one thing are a thread; it is over when its newest post says resolved.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class PostKind(StrEnum):
    """How far people have come with it."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class Post(Struct, frozen=True, kw_only=True):
    """One post. `thread` is the id of the first post about the same thing, its own for the first.

    `at` is in Unix seconds. `title` and `monitors` (ids of those affected) are of the thread, and
    the first post has them; `incident` is the id of the incident that it is about, if it is.
    """

    id: str
    thread: str
    kind: PostKind
    words: Annotated[str, Meta(min_length=1, max_length=10_000)]
    at: float
    who: str
    title: Annotated[str, Meta(max_length=200)] = ""
    incident: str | None = None
    monitors: tuple[str, ...] = ()


class Thread(Struct, frozen=True):
    """The posts about one thing, the oldest first; there is at least one."""

    posts: tuple[Post, ...]

    @property
    def id(self) -> str:
        """The id of its first post."""
        return self.posts[0].thread

    @property
    def title(self) -> str:
        """The first title that was given."""
        return next((post.title for post in self.posts if post.title), "")

    @property
    def incident(self) -> str | None:
        """The incident that it is about."""
        return next((post.incident for post in self.posts if post.incident), None)

    @property
    def incidents(self) -> frozenset[str]:
        """The ids of all incidents that any post is about."""
        return frozenset(post.incident for post in self.posts if post.incident)

    @property
    def monitors(self) -> tuple[str, ...]:
        """The ids of the monitors that any post names."""
        return tuple(dict.fromkeys(one for post in self.posts for one in post.monitors))

    @property
    def started(self) -> float:
        """When the first post was written, Unix seconds."""
        return self.posts[0].at

    @property
    def newest(self) -> Post:
        """What was written last."""
        return self.posts[-1]

    @property
    def is_over(self) -> bool:
        """Whether people have said that it is resolved."""
        return self.newest.kind is PostKind.RESOLVED


def threads(posts: Iterable[Post]) -> tuple[Thread, ...]:
    """The threads of some posts, the one that began last first."""
    found: dict[str, list[Post]] = {}
    for post in sorted(posts, key=_order):
        found.setdefault(post.thread, []).append(post)
    made = [Thread(tuple(own)) for own in found.values()]
    return tuple(sorted(made, key=lambda thread: (-thread.started, thread.id)))


def _order(post: Post) -> tuple[float, bool, str]:
    """In time; of one moment the first of a thread comes first."""
    return post.at, post.id != post.thread, post.id
