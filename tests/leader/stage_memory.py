"""What a stage remembers: the store's answers to the HTTP surface, from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_leader.incidents import Incident
from uptop_leader.reliability import Reliability, reliability
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from uptop_core.errors import UptopError
    from uptop_leader.channels import ChannelHealth
    from uptop_leader.posts import Post
    from uptop_leader.store.day_blocks import Days
    from uptop_leader.store.history import Day
    from uptop_leader.store.node_keys import NodeKey
    from uptop_leader.store.regions import Point, Regional

VIEWER, EDITOR, ADMIN = "viewer-token", "editor-token", "admin-token"


class Holder(Struct, frozen=True):
    """Who a token speaks for."""

    name: str
    role: str


class Seen(Struct, frozen=True):
    """An uptime."""

    up_s: float
    down_s: float
    window_s: float = 86_400.0

    @property
    def observed_s(self) -> float:
        return self.up_s + self.down_s


class Outbox(Struct, frozen=True):
    """What waits to be sent."""

    waiting: int = 3
    oldest_s: float = 4.5


class Holders(Struct, frozen=True):
    """Who holds which token."""

    tokens: dict[str, Holder]

    def find_token(self, token_hash: str, now: float) -> Holder | None:
        return self.tokens.get(token_hash)


class Written:
    """Posts that are forgotten at the end of the test."""

    def __init__(self) -> None:
        self.all: list[Post] = []

    def newest(
        self, limit: int = 50, before: float | None = None, incident: str | None = None
    ) -> list[Post]:
        chosen = [
            post
            for post in sorted(self.all, key=lambda post: -post.at)
            if incident in (None, post.incident) and (before is None or post.at < before)
        ]
        return chosen[:limit]

    def of_thread(self, thread: str) -> list[Post]:
        return [post for post in self.all if post.thread == thread]

    def about(self, incident: str) -> list[Post]:
        threads = {post.thread for post in self.all if post.incident == incident}
        return [post for post in self.all if post.thread in threads]

    def of_newest_threads(self, limit: int = 100) -> list[Post]:
        return self.all


class Keys:
    """Node keys by their hashes."""

    def __init__(self) -> None:
        self.known: dict[str, NodeKey] = {}

    def edition(self) -> tuple[int, int]:
        return len(self.known), 0

    def by_hash(self) -> dict[str, NodeKey]:
        return dict(self.known)

    def all(self) -> list[NodeKey]:
        return list(self.known.values())

    def note_use(self, key_hash: str, now: float) -> None:
        self.known[key_hash] = replace(self.known[key_hash], last_used=now)


class Memory:
    """A store that forgets at the end of the test."""

    def __init__(self) -> None:
        roles = {VIEWER: "viewer", EDITOR: "editor", ADMIN: "admin"}
        holders = {token_hash(token): Holder(role, role) for token, role in roles.items()}
        self.people = Holders(holders)
        self.cluster_id = "a cluster"
        self.written: list[Incident] = []
        self.uptimes: dict[str, Seen] = {}
        self.health: list[ChannelHealth] = []
        self.trouble: UptopError | None = None
        self.asked = 0
        self.days_asked = 0
        self.windows_asked = 0
        self.days_of: dict[str, Days] = {}
        self.posts = Written()
        self.node_keys = Keys()

    def incidents(
        self,
        open_only: bool = False,
        monitor: str | None = None,
        limit: int = 50,
        before: float | None = None,
        since: float | None = None,
        beyond: tuple[float, str] | None = None,
    ) -> Sequence[Incident]:
        found = [
            one
            for one in sorted(self.written, key=lambda one: one.started, reverse=True)
            if (not open_only or one.ended is None)
            and monitor in (None, one.monitor)
            and (before is None or one.started < before)
            and (beyond is None or one.started < beyond[0])
        ]
        return found[:limit]

    def incident(self, incident_id: str) -> Incident | None:
        return next((one for one in self.written if one.id == incident_id), None)

    def incidents_of(self, ids: Collection[str]) -> Sequence[Incident]:
        return [one for one in self.written if one.id in ids]

    def uptime(self, now: float, seconds: float) -> dict[str, Seen]:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.uptimes

    def reliability(
        self, monitor: str, now: float, windows: Mapping[str, float]
    ) -> dict[str, Reliability]:
        self.windows_asked += 1
        return {
            name: reliability([], [], round((now - seconds) * 1000), round(now * 1000))
            for name, seconds in windows.items()
        }

    def reliability_of_all(self, now: float, seconds: float) -> dict[str, Reliability]:
        if self.trouble is not None:
            raise self.trouble
        return {}

    def days(self, monitor: str, now: float, days: int) -> list[Day]:
        return []

    def regional(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> dict[str, Regional]:
        return {}

    def points(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> dict[str, list[Point]]:
        return {}

    def day_columns(self, now: float) -> dict[str, Days]:
        self.days_asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.days_of

    def outbox_depth(self, now: float) -> Outbox:
        return Outbox()

    def channel_health(self) -> Sequence[ChannelHealth]:
        return self.health
