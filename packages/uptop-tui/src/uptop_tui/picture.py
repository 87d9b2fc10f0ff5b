"""What the leader last said, whole, and how an event changes it. Pure.

In: what was read whole, then one event after the other. Out: a new `Picture`, and `Changes` that
name what differs, so that a screen changes only that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from msgspec import Struct

from uptop_core.access_answers import Me
from uptop_core.views import IncidentView, MonitorView, NodeView

if TYPE_CHECKING:
    from uptop_core.event_stream import Event

T = TypeVar("T")
State = Literal["connecting", "live", "away", "refused"]


class Connection(Struct, frozen=True, kw_only=True):
    """How it stands with the leader, `since` when (Unix ms, by the leader's clock), and a sentence
    on what is wrong. `refused` is for what will not mend itself, such as a token that is not known.
    """

    state: State = "connecting"
    since: int = 0
    sentence: str = ""

    @property
    def is_live(self) -> bool:
        """Whether what is shown is how it is now."""
        return self.state == "live"


class Picture(Struct, frozen=True, kw_only=True):
    """All that pages share. `incidents` are the open ones. `config` rises when something was set up
    (channels and maintenance are to be read anew), `posts` when somebody wrote. `as_of` is when
    something was last heard, and `ahead_ms` how far the leader's clock is ahead of this one.
    """

    monitors: dict[str, MonitorView] = {}
    nodes: dict[str, NodeView] = {}
    incidents: dict[str, IncidentView] = {}
    me: Me | None = None
    config: int = 0
    posts: int = 0
    as_of: int = 0
    ahead_ms: int = 0
    connection: Connection = Connection()


class Changes(Struct, frozen=True, kw_only=True):
    """What differs from the picture shown before: ids. `all`: anything may."""

    all: bool = False
    monitors: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    incidents: frozenset[str] = frozenset()
    config: bool = False
    posts: bool = False
    connection: bool = False

    def and_(self, other: Changes) -> Changes:
        """Both together."""
        return Changes(
            all=self.all or other.all,
            monitors=self.monitors | other.monitors,
            nodes=self.nodes | other.nodes,
            incidents=self.incidents | other.incidents,
            config=self.config or other.config,
            posts=self.posts or other.posts,
            connection=self.connection or other.connection,
        )


ALL = Changes(all=True)
NONE = Changes()


class _Gone(Struct, frozen=True):
    kind: str
    id: str


_monitor = msgspec.json.Decoder(MonitorView)
_node = msgspec.json.Decoder(NodeView)
_incident = msgspec.json.Decoder(IncidentView)
_gone = msgspec.json.Decoder(_Gone)


def taken(picture: Picture, event: Event, now: int) -> tuple[Picture, Changes]:
    """The picture with an event in it, and what that changed; msgspec's errors come through.

    Kinds that are not known change nothing: a newer leader may tell of more.
    """
    heard = msgspec.structs.replace(picture, as_of=now)
    match event.kind:
        case "monitor":
            view = _monitor.decode(event.data)
            monitors = {**picture.monitors, view.id: view}
            changes = Changes(monitors=frozenset((view.id,)))
            return msgspec.structs.replace(heard, monitors=monitors), changes
        case "node":
            node = _node.decode(event.data)
            nodes = {**picture.nodes, node.id: node}
            return msgspec.structs.replace(heard, nodes=nodes), Changes(nodes=frozenset((node.id,)))
        case "incident":
            return _incident_taken(heard, _incident.decode(event.data))
        case "post":
            return msgspec.structs.replace(heard, posts=picture.posts + 1), Changes(posts=True)
        case "config":
            return msgspec.structs.replace(heard, config=picture.config + 1), Changes(config=True)
        case "gone":
            return _gone_taken(heard, _gone.decode(event.data))
    return heard, NONE


def _incident_taken(picture: Picture, incident: IncidentView) -> tuple[Picture, Changes]:
    incidents = {**picture.incidents, incident.id: incident}
    if incident.ended is not None:
        del incidents[incident.id]
    changes = Changes(incidents=frozenset((incident.id,)))
    return msgspec.structs.replace(picture, incidents=incidents), changes


def _gone_taken(picture: Picture, gone: _Gone) -> tuple[Picture, Changes]:
    ids = frozenset((gone.id,))
    match gone.kind:
        case "monitor":
            monitors = _without(picture.monitors, gone.id)
            return msgspec.structs.replace(picture, monitors=monitors), Changes(monitors=ids)
        case "node":
            nodes = _without(picture.nodes, gone.id)
            return msgspec.structs.replace(picture, nodes=nodes), Changes(nodes=ids)
        case "incident":
            incidents = _without(picture.incidents, gone.id)
            return msgspec.structs.replace(picture, incidents=incidents), Changes(incidents=ids)
        case "post":
            return msgspec.structs.replace(picture, posts=picture.posts + 1), Changes(posts=True)
    return picture, NONE


def _without(things: dict[str, T], id: str) -> dict[str, T]:
    return {key: thing for key, thing in things.items() if key != id}
