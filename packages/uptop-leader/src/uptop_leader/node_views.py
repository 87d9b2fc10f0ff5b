"""Step 13 for nodes: where each stands, and what is wrong with it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.views import CanariesView, NodeView, TroubleView
from uptop_leader.offsets import OFF_MS
from uptop_leader.times import to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_leader.nodes import Node, Standing

_RIVAL_S = 30.0  # a process that is refused asks again every 5 s


def node_views(
    nodes: Mapping[str, Node],
    standings: Mapping[str, Standing],
    now: float,
    keys: Mapping[str, float | None] | None = None,
) -> tuple[NodeView, ...]:
    """All nodes in the order they joined; `keys` tells when those that have one used it last."""
    ordered = sorted(nodes.values(), key=lambda node: (node.rank, node.id))
    return tuple(node_view(node, standings.get(node.id), now, keys) for node in ordered)


def node_view(
    node: Node,
    standing: Standing | None,
    now: float,
    keys: Mapping[str, float | None] | None = None,
) -> NodeView:
    """One node and where it stands."""
    keys = keys or {}
    gone = standing is None or standing.left
    return NodeView(
        id=node.id,
        name=node.name or node.id,
        region=node.region,
        state="left" if gone else "offline" if standing and standing.offline else "online",
        version=node.version,
        own=node.own,
        joined=to_ms(node.joined),
        heard=to_ms(node.heard),
        address=node.address,
        offset_ms=node.offset_ms,
        rtt_ms=node.record.rtt_ms,
        is_clock_off=_is_clock_off(node),
        dropped=node.record.dropped,
        lost_from=to_ms_or_none(node.record.lost_from),
        lost_until=to_ms_or_none(node.record.lost_until),
        missed=node.record.missed,
        lag_ms=node.record.lag_ms,
        kinds=node.kinds,
        troubles=tuple(_troubles(node, standing, now)),
        has_key=node.id in keys,
        key_used=to_ms_or_none(keys.get(node.id)),
        waiting=node.record.waiting,
        canaries=_canaries(node),
    )


def _canaries(node: Node) -> CanariesView | None:
    told = node.record.canaries
    if told is None:
        return None
    asked = to_ms_or_none(node.record.canaries_asked)
    return CanariesView(count=told.count, up=told.up, failed=told.failed, asked=asked)


def _troubles(node: Node, standing: Standing | None, now: float) -> Iterator[TroubleView]:
    """What is wrong with it, the worst first."""
    told = node.troubles
    if told.blind is not None:
        yield TroubleView(kind="blind", since=to_ms(told.blind))
    if told.odd is not None:
        yield TroubleView(kind="odd_one", since=to_ms(told.odd))
    if standing is not None and standing.offline and not node.stopping:
        yield TroubleView(kind="offline", since=to_ms(node.heard))
    if node.rival is not None and now - node.rival < _RIVAL_S:
        yield TroubleView(kind="two_of_one_id")
    if _is_clock_off(node):
        yield TroubleView(kind="clock_off")


def _is_clock_off(node: Node) -> bool:
    return abs(node.offset_ms or 0) > OFF_MS
