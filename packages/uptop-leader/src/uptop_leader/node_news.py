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
from uptop_leader.nodes import Storm
from uptop_leader.notifications import Notification, notification_key
from uptop_leader.sick_nodes import News, Scene, examine, is_left_alone
from uptop_leader.states import Status
from uptop_leader.storm_news import closed_alert, of_storm
from uptop_leader.storms import Telling, changed, is_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_leader.drafts import Draft
    from uptop_leader.nodes import Node, Troubles

EVERY_S = 1.0  # how often nodes are examined
_NAMED = 20  # monitors that one message names
_COMING_AND_GOING = ("node_offline", "node_online")

_STATUS = {
    "node_offline": "OFFLINE",
    "node_online": "ONLINE",
    "odd_one": "ODD ONE OUT",
    "blind": "BLIND",
}


def tell_of_nodes(draft: Draft, public_url: str) -> None:
    """Examine all nodes, at most once a second."""
    for gone in draft.changes.gone:
        _close(draft, draft.world.nodes.get(gone))
    if draft.now - draft.world.examined < EVERY_S:
        return
    draft.examined = True
    scene = _scene(draft)
    before = storm = _own(draft).troubles.storm
    for known in tuple(draft.world.nodes.values()):
        node = draft.node(known.id)
        if node is None:
            continue
        troubles, news = examine(node, scene)
        if troubles == node.troubles:
            continue
        how = Telling.TOLD
        if news is not None and news.event in _COMING_AND_GOING:
            storm, how = changed(storm, node.id, draft.now)
        if news is not None and _is_to_be_told(node, news, how):
            draft.changes.notifications += _notifications(draft, scene, node, news, public_url)
            troubles = replace(troubles, told=troubles.told + 1)
        elif news is not None:
            troubles = _hush(draft, node, troubles, news)
        draft.put_node(replace(node, troubles=troubles))
        if how is Telling.BEGINS:
            _tell_of_storm(draft, storm, "nodes_flapping", public_url)
    if is_over(storm, draft.world.constants.quiet, draft.now):
        _tell_of_storm(draft, storm, "nodes_settled", public_url)
        storm = Storm()
    if storm != before:
        own = _own(draft)
        draft.put_node(replace(own, troubles=replace(own.troubles, storm=storm)))


def _close(draft: Draft, node: Node | None) -> None:
    """A node is forgotten: what was told of its loss is over."""
    if node is not None and node.troubles.offline is not None and not node.troubles.hushed:
        draft.changes.notifications += closed_alert(draft, node, _channels(draft, node))


def _own(draft: Draft) -> Node:
    return draft.node(draft.world.own.id) or draft.world.own


def _is_to_be_told(node: Node, news: News, how: Telling) -> bool:
    """Whether a change is told itself: not in a storm, nor the end of what nobody was told of."""
    if news.event == "node_online" and node.troubles.hushed:
        return False
    return how is Telling.TOLD


def _hush(draft: Draft, node: Node, troubles: Troubles, news: News) -> Troubles:
    """The troubles of a node whose change is not told."""
    if news.event == "node_offline":
        return replace(troubles, hushed=True)
    if not troubles.hushed:
        draft.changes.notifications += closed_alert(draft, node, _channels(draft, node))
    return replace(troubles, hushed=False, told=troubles.told + 1)


def _tell_of_storm(draft: Draft, storm: Storm, event: str, public_url: str) -> None:
    """To all channels that a node of the storm is told to. What it says of lost nodes is told."""
    nodes = [node for one in storm.nodes if (node := draft.node(one)) is not None]
    used = {channel for node in nodes for channel in _channels(draft, node)}
    channels = [channel for channel in draft.world.channels if channel in used]
    draft.changes.notifications += of_storm(draft, storm, event, channels, public_url)
    if event == "nodes_settled":
        for node in nodes:
            if node.troubles.hushed:
                draft.put_node(replace(node, troubles=replace(node.troubles, hushed=False)))


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
