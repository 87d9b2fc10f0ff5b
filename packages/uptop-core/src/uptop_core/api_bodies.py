"""What programs send to the leader's API (`/api/v1`). Times are Unix milliseconds UTC.

A monitor is sent as `uptop_core.monitors.Monitor` without its id. Unknown fields are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[int, Meta(ge=0, lt=7_258_118_400_000)]
"""Unix milliseconds, before the year 2200."""
Note = Annotated[str, Meta(max_length=1000)]
RoleName = Literal["admin", "editor", "viewer"]
PostKindName = Literal["investigating", "identified", "monitoring", "resolved"]


class ChannelSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A channel as set up. `provider` has the `type` and its settings, as `/api/v1/kinds` tells
    them; `fallback` is the id of another channel. `title` and `body` are templates.
    """

    name: Name
    provider: dict[str, Any]
    fallback: str | None = None
    title: str | None = None
    body: str | None = None


class MaintenanceSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A maintenance as set up: once from `start` to `end`, or each time `rrule` comes true in
    `timezone` for `duration` seconds. `monitors` and `groups` are ids.
    """

    name: Name
    start: Moment | None = None
    end: Moment | None = None
    rrule: Annotated[str, Meta(max_length=500)] | None = None
    duration: float | None = None
    timezone: str = "UTC"
    monitors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    all: bool = False


class Several(Struct, frozen=True, kw_only=True):
    """Monitors (ids) that something is to be done with, together."""

    monitors: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10_000)]


class AcknowledgeBody(Struct, frozen=True, kw_only=True):
    """Who acknowledges an incident may say why, or until when."""

    note: Note = ""


class PostBody(Struct, frozen=True, kw_only=True):
    """A post to be written. Without `thread` (the id of a first post) it begins one, and needs a
    title. `incident` and `monitors` are ids; `at` is now, if it is left out.
    """

    kind: PostKindName
    words: Annotated[str, Meta(min_length=1, max_length=10_000)]
    title: Annotated[str, Meta(max_length=200)] = ""
    thread: str | None = None
    incident: str | None = None
    monitors: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()
    at: Moment | None = None


class PostChange(Struct, frozen=True, kw_only=True):
    """What is to be changed of a post; what is left out stays."""

    kind: PostKindName | None = None
    words: Annotated[str, Meta(min_length=1, max_length=10_000)] | None = None
    title: Annotated[str, Meta(max_length=200)] | None = None
    monitors: Annotated[tuple[str, ...], Meta(max_length=1000)] | None = None


class UserBody(Struct, frozen=True, kw_only=True):
    """A user to be added."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
    role: RoleName = "viewer"


class UserChange(Struct, frozen=True, kw_only=True):
    """Another role for a user."""

    role: RoleName


class TokenBody(Struct, frozen=True, kw_only=True):
    """A token to be made: what it is called, whose it is (the name of a user), and when it ends."""

    name: Name
    user: str
    expires: Moment | None = None


class NodeKeyBody(Struct, frozen=True, kw_only=True):
    """A key to be made for a node: from which region it looks. Empty: it has none."""

    region: Annotated[str, Meta(max_length=63, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")] = ""


class RotateBody(Struct, frozen=True, kw_only=True):
    """A key to be replaced; the old one stays good for `overlap` seconds, by default an hour."""

    overlap: Annotated[float, Meta(ge=0, le=2_592_000)] = 3600.0
