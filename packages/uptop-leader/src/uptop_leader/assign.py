"""Step 1: which nodes run which monitor. In: monitors and nodes. Out: assignments. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.schedule import phase
from uptop_core.wire import Assignment

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

    from uptop_core.monitors import Monitor
    from uptop_leader.nodes import Node


def may_run(node: Node, monitor: Monitor) -> bool:
    """Whether the node's region is among the monitor's, and it knows the kind. A node without a
    region runs only what is for everybody."""
    if node.kinds and monitor.kind not in node.kinds:
        return False
    return monitor.runs_in(node.region)


def traits(monitor: Monitor) -> tuple[Hashable, ...]:
    """All of a monitor that `assign` goes by: the nodes of one are those of any that is like it."""
    return monitor.kind, monitor.regions, monitor.paused, monitor.check.runs


def assign(
    monitor: Monitor,
    probes: Iterable[Node],
    own: Node,
    *,
    mode: str,
    heard: Collection[str],
    voted: Collection[str],
    is_own_now: bool,
) -> tuple[str, ...]:
    """The ids of the nodes that run `monitor`, in the order in which they share its interval.

    `mode` is UPTOP_LEADER_CHECKS. Under `auto` the leader runs it while none of the probes that
    may run it is in `heard`, and hands back when one that is has `voted`.
    """
    if monitor.paused or not monitor.check.runs:
        return ()
    chosen = [node for node in probes if may_run(node, monitor)]
    if may_run(own, monitor) and _own_turn(chosen, mode, heard, voted, is_own_now):
        chosen.append(own)
    # Under `auto` the leader comes and goes, so it stands last: that moves no probe's ticks.
    chosen.sort(key=lambda node: (node.own and mode == "auto", node.rank))
    return tuple(node.id for node in chosen)


def _own_turn(
    probes: list[Node], mode: str, heard: Collection[str], voted: Collection[str], is_now: bool
) -> bool:
    if mode != "auto":
        return mode == "always"
    around = [node.id for node in probes if node.id in heard]
    if not around:
        return True
    return is_now and not any(node in voted for node in around)


def assignment(monitor: Monitor, node: str, nodes: tuple[str, ...], *, soon: bool) -> Assignment:
    """What `node` needs to run `monitor`; `nodes` are all that run it, in the order of joining."""
    return Assignment(
        id=monitor.id,
        name=monitor.name,
        check=monitor.check,
        interval=monitor.interval,
        timeout=monitor.effective_timeout,
        phase=phase(monitor.id, nodes.index(node)),
        soon=soon,
        keep_body=monitor.keep_body,
    )
