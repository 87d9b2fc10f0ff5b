"""Step 10, of nodes: what there is to tell of sick nodes, to whom, once per cause.

In: the draft of a pass, judged. Out: in the same draft, the nodes' troubles and one notification
for each channel that monitors of the node use.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_leader.messages import Message
from uptop_leader.notifications import Notification, notification_key
from uptop_leader.sick_nodes import News, Scene, examine, is_left_alone
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_leader.drafts import Draft
    from uptop_leader.nodes import Node

EVERY_S = 1.0  # how often nodes are examined
_NAMED = 20  # monitors that one message names

_STATUS = {
    "node_offline": "OFFLINE",
    "node_online": "ONLINE",
    "odd_one": "ODD ONE OUT",
    "blind": "BLIND",
}


def tell_of_nodes(draft: Draft, public_url: str) -> None:
    """Examine all nodes, at most once a second."""
    if draft.now - draft.world.examined < EVERY_S:
        return
    draft.examined = True
    scene = _scene(draft)
    for known in tuple(draft.world.nodes.values()):
        node = draft.node(known.id) or known
        troubles, news = examine(node, scene)
        if troubles == node.troubles:
            continue
        if news is not None:
            draft.changes.notifications += _notifications(draft, scene, node, news, public_url)
            troubles = replace(troubles, told=troubles.told + 1)
        draft.put_node(replace(node, troubles=troubles))


def is_told_with_its_node(draft: Draft, monitor_id: str) -> bool:
    """Whether a monitor is UNKNOWN for want of a node that is lost or blind; of a group, whether
    one of its members is.
    """
    return _is_left_alone(draft, _scene(draft), monitor_id)


def _is_left_alone(draft: Draft, scene: Scene, monitor_id: str) -> bool:
    monitor = draft.world.monitors.get(monitor_id)
    if monitor is None or not monitor.notify.unknown:
        return False
    if isinstance(monitor.check, GroupCheck):
        members = draft.world.members.get(monitor_id, ())
        unknown = (one for one in members if draft.state(one).status is Status.UNKNOWN)
        return any(_is_left_alone(draft, scene, member) for member in unknown)
    nodes = {**draft.world.nodes, **draft.changes.nodes}
    return is_left_alone(monitor, draft.state(monitor_id), nodes, scene)


def _scene(draft: Draft) -> Scene:
    world = draft.world
    return Scene(
        monitors=world.monitors,
        states=ChainMap(draft.states, world.states),
        assigned=world.assigned,
        standings=draft.standings,
        recent=world.recent,
        constants=world.constants,
        since=world.since,
        now=draft.now,
    )


def _notifications(
    draft: Draft, scene: Scene, node: Node, news: News, public_url: str
) -> Iterator[Notification]:
    subject, ordinal = f"node/{node.id}", node.troubles.told
    message = Message(
        key="",
        event=news.event,
        monitor=node.name or node.id,
        monitor_id=node.id,
        status=_STATUS[news.event],
        reasons=_counted(news),
        detail=_detail(draft, scene, node, news),
        started_at=round(news.since * 1000),
        ended_at=None if news.until is None else round(news.until * 1000),
        at=round(draft.now * 1000),
        url=f"{public_url.rstrip('/')}/status" if public_url else "",
    )
    for channel in _channels(draft, node):
        key = notification_key(subject, news.event, ordinal, channel)
        yield Notification(
            key=key,
            channel=channel,
            subject=subject,
            monitor="",
            event=news.event,
            message=replace(message, key=key),
            created=draft.now,
        )


def _channels(draft: Draft, node: Node) -> Iterator[str]:
    """The channels that monitors of the node use, and the groups around these. A leader that has
    just handed its monitors over tells them all.
    """
    world = draft.world
    own = [monitor for monitor, nodes in world.assigned.items() if node.id in nodes]
    used: set[str] = set()
    for monitor_id in own or (world.monitors if node.own else ()):
        above: str | None = monitor_id
        while above is not None and (monitor := world.monitors.get(above)) is not None:
            used.update(monitor.channels)
            above = monitor.parent
    return (channel for channel in world.channels if channel in used)


def _counted(news: News) -> str:
    ranked = sorted(news.reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} × {reason.value.replace('_', ' ')}" for reason, count in ranked)


def _detail(draft: Draft, scene: Scene, node: Node, news: News) -> str:
    """Where the node is, and which monitors this is about."""
    sentences = [f"Its region is {node.region}."] if node.region else []
    if news.event == "odd_one":
        sentences.append(f"Other nodes see up: {_names(draft, news.monitors)}.")
    elif news.event == "node_offline":
        alone = [one for one in draft.world.monitors if _is_its(draft, scene, node, one)]
        if alone:
            sentences.append(f"Nobody can say now whether these are up: {_names(draft, alone)}.")
    elif news.monitors:
        names = _names(draft, news.monitors)
        sentences.append(f"Nobody could say whether these were up: {names}.")
    return " ".join(sentences)


def _is_its(draft: Draft, scene: Scene, node: Node, monitor_id: str) -> bool:
    is_assigned = node.id in draft.world.assigned.get(monitor_id, ())
    return is_assigned and _is_left_alone(draft, scene, monitor_id)


def _names(draft: Draft, monitors: Iterable[str]) -> str:
    known = draft.world.monitors
    names = sorted(known[one].name for one in monitors if one in known)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
