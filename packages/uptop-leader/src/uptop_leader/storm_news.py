"""Step 10, of nodes that come and go all the time: one message when that begins, one when it is over.

In: the draft of a pass, and the storm. Out: its notifications; what is known of the rules is `storms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.messages import Message
from uptop_leader.notifications import Notification, notification_key
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_leader.drafts import Draft
    from uptop_leader.nodes import Node, Storm

SUBJECT = "nodes"
_STATUS = {"nodes_flapping": "FLAPPING", "nodes_settled": "QUIET"}


def of_storm(
    draft: Draft, storm: Storm, event: str, channels: Iterable[str], public_url: str
) -> Iterator[Notification]:
    """That a storm begins (`nodes_flapping`), or is over (`nodes_settled`)."""
    since = storm.since if storm.since is not None else draft.now
    words = _begun(storm, draft.now) if event == "nodes_flapping" else _stands(draft, storm)
    message = Message(
        key="",
        event=event,
        monitor=_names(draft, storm.nodes),
        monitor_id=SUBJECT,
        status=_STATUS[event],
        detail=words,
        started_at=round(since * 1000),
        at=round(draft.now * 1000),
        url=f"{public_url.rstrip('/')}/status" if public_url else "",
    )
    for channel in channels:
        key = notification_key(SUBJECT, event, round(since), channel)
        yield _notification(replace(message, key=key), SUBJECT, channel, draft.now)


def closed_alert(draft: Draft, node: Node, channels: Iterable[str]) -> Iterator[Notification]:
    """A node whose loss was told is heard again, which is not told: a paging service closes it."""
    subject = f"node/{node.id}"
    for channel in channels:
        if draft.world.channels[channel].provider.keeps_alerts:
            key = notification_key(subject, "over", node.troubles.told, channel)
            name = node.name or node.id
            message = Message(
                key=key, event="over", monitor=name, monitor_id=node.id, at=round(draft.now * 1000)
            )
            yield _notification(message, subject, channel, draft.now)


def _notification(message: Message, subject: str, channel: str, now: float) -> Notification:
    return Notification(
        key=message.key,
        channel=channel,
        subject=subject,
        monitor="",
        event=message.event,
        message=message,
        created=now,
    )


def _begun(storm: Storm, now: float) -> str:
    return f"{len(storm.moves)} times within {duration(round((now - storm.moves[0]) * 1000))}."


def _stands(draft: Draft, storm: Storm) -> str:
    """How it stands with the nodes of the storm."""
    known = [draft.node(one) for one in storm.nodes]
    lost = [one.id for one in known if one is not None and one.troubles.offline is not None]
    return f"Not heard now: {_names(draft, lost)}." if lost else "None of them is missing now."


def _names(draft: Draft, nodes: Iterable[str]) -> str:
    found = (draft.node(one) for one in nodes)
    return ", ".join(sorted(node.name or node.id for node in found if node is not None))
