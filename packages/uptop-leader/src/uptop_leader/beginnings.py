"""The world as a leader finds it at its start: what was saved, with this process as its own node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.nodes import Node, Troubles
from uptop_leader.world import World

if TYPE_CHECKING:
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.saved import Saved


def world_of(
    settings: LeaderSettings, cluster: str, saved: Saved, instance: str, now: float
) -> World:
    """The world as it was left, with this process as its own node."""
    known = saved.nodes.get(settings.effective_node_id)
    ranks = [node.rank for node in saved.nodes.values()]
    own = Node(
        id=settings.effective_node_id,
        name=settings.effective_node_name,
        region=settings.node_region,
        rank=known.rank if known is not None else max(ranks, default=-1) + 1,
        instance=instance,
        joined=known.joined if known is not None else now,
        heard=now,
        own=True,
        troubles=known.troubles if known is not None else Troubles(),
    )
    world = World(cluster, own, settings.timings, settings.leader_checks, now)
    world.nodes = {
        **{node.id: _other(node) for node in saved.nodes.values()},
        own.id: own,
    }
    world.ledgers = dict(saved.ledgers)
    world.terms.former = dict(saved.former)
    world.states = dict(saved.states)
    world.incidents = dict(saved.open_incidents)
    world.looked = now if saved.last_alive is None else saved.last_alive
    world.overdue = {
        monitor
        for monitor, state in saved.states.items()
        if state.maintenance is not None and state.maintenance.over is not None
    }
    world.configure(saved.configuration)
    return world


def _other(node: Node) -> Node:
    """A node as it was left. The own one of the leader that acted before leaves with it."""
    return replace(node, own=False, stopping=True) if node.own else node
