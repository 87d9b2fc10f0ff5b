"""What the leader's API (`/api/v1`) answers with: pages of views, details, and what was changed.

Lists come in pages: `next` is the `cursor` to ask with for the page after, null on the last one.
Times are Unix milliseconds UTC. Readers ignore fields they do not know. No secret is in any of it.
Who may ask, and what was done by whom, is answered with `access_answers`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from uptop_core.history_views import SlaView
from uptop_core.views import (
    ChannelView,
    IncidentView,
    MaintenanceView,
    MonitorView,
    NodeView,
    VoteView,
)


class MonitorList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/monitors`, in the order they were set up."""

    monitors: tuple[MonitorView, ...] = ()
    next: str | None = None


class MonitorDetail(MonitorView, frozen=True, kw_only=True):
    """`GET /api/v1/monitors/{id}`: with its windows and regions, and for editors its `settings` as
    they are sent back to change it; secrets are masked.
    """

    settings: dict[str, Any] | None = None


class ChannelList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/channels`, in the order they were set up."""

    channels: tuple[ChannelView, ...] = ()
    next: str | None = None


class ChannelDetail(ChannelView, frozen=True, kw_only=True):
    """`GET /api/v1/channels/{id}`, for editors with its `settings`; secrets are masked."""

    settings: dict[str, Any] | None = None


class MaintenanceList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/maintenance`, in the order it was set up."""

    maintenance: tuple[MaintenanceView, ...] = ()
    next: str | None = None


class MaintenanceDetail(MaintenanceView, frozen=True, kw_only=True):
    """`GET /api/v1/maintenance/{id}`, with its `settings` as they are sent back to change it."""

    settings: dict[str, Any] | None = None


class NodeList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/nodes`, in the order they joined."""

    nodes: tuple[NodeView, ...] = ()
    next: str | None = None


class SlaList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/sla?range=`, in the order the monitors were set up."""

    sla: tuple[SlaView, ...] = ()
    next: str | None = None


class IncidentList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/incidents`, the newest first."""

    incidents: tuple[IncidentView, ...] = ()
    next: str | None = None


class TransitionView(Struct, frozen=True, kw_only=True):
    """A change of belief or status: when it happened by the results, when it was confirmed, and
    the votes that it rests on.
    """

    monitor: str
    name: str
    at: int
    known: int
    belief_from: str
    belief_to: str
    status_from: str
    status_to: str
    cause: str
    reasons: str = ""
    detail: str = ""
    incident: str | None = None
    evidence: tuple[VoteView, ...] = ()


class TransitionList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/transitions`, those confirmed last first."""

    transitions: tuple[TransitionView, ...] = ()
    next: str | None = None


class PostView(Struct, frozen=True, kw_only=True):
    """A post; those of one `thread` tell of the same thing. `who` wrote it."""

    id: str
    thread: str
    kind: str
    words: str
    at: int
    who: str
    title: str = ""
    incident: str | None = None
    monitors: tuple[str, ...] = ()


class PostList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/posts`, the newest first."""

    posts: tuple[PostView, ...] = ()
    next: str | None = None


class Saved(Struct, frozen=True, kw_only=True):
    """What was made or changed: its id, its settings as they are now (secrets masked), and the
    version of the configuration with it.
    """

    id: str
    version: int
    settings: dict[str, Any]


class Done(Struct, frozen=True, kw_only=True):
    """With which monitors (ids) something was done, and with which there was nothing to do."""

    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class PushAddress(Struct, frozen=True, kw_only=True):
    """Where a job says that it is alive: a path below the leader's URL, with the monitor's token."""

    path: str


class Tested(Struct, frozen=True, kw_only=True):
    """Whether a test message got through, and what went wrong if not."""

    ok: bool
    error: str = ""


class Applied(Struct, frozen=True, kw_only=True):
    """What a document changed, or would change: the plan in lines, secrets masked. `version` is
    that of the configuration it made; null where nothing was written.
    """

    ok: bool = True
    changed: bool
    dry_run: bool
    version: int | None
    plan: tuple[str, ...]


class KindView(Struct, frozen=True, kw_only=True):
    """A kind of check, strategy or provider: its name, what it is, the JSON Schema of its settings
    (empty where it has none), and which of them are secrets.
    """

    name: str
    about: str
    schema: dict[str, Any] = {}
    secrets: tuple[str, ...] = ()


class Kinds(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/kinds`: everything that forms are drawn from. `monitor`, `channel` and
    `maintenance` are the JSON Schemas of what surrounds a check or provider.
    """

    checks: tuple[KindView, ...]
    strategies: tuple[KindView, ...]
    providers: tuple[KindView, ...]
    monitor: dict[str, Any]
    channel: dict[str, Any]
    maintenance: dict[str, Any]
