"""Values that the tests of the store write, and a way to open one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tests.system.waiting import PATIENCE_S
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.changes import Changes, StoredResult
from uptop_leader.channels import Channel
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.incidents import Incident, Transition
from uptop_leader.maintenance import Maintenance
from uptop_leader.messages import Message
from uptop_leader.notifications import Notification
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.seal import Keyring
from uptop_leader.states import Belief, Status
from uptop_leader.store.connections import Connections
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from uptop_leader.store.addresses import Address

NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC
KEY = bytes(range(32))
OPERATOR = Actor(name="ada", source="127.0.0.1")


@contextlib.contextmanager
def opened(address: Address, *, key: bytes | None = KEY, busy_s: float = 5.0) -> Iterator[Store]:
    """A store at `address`, closed at the end."""
    keyring = Keyring([key] if key else [])
    store = Store.open(address, keyring, NOON, busy_s=busy_s, idle_s=PATIENCE_S)
    try:
        yield store
    finally:
        store.close()


def ping(monitor_id: str, name: str | None = None, **fields: Any) -> Monitor:
    """A monitor without secrets."""
    check = KINDS["ping"](hostname="h.example.com")  # type: ignore[call-arg]
    return Monitor(id=monitor_id, name=name or monitor_id, check=check, **fields)


def webhook(
    channel_id: str, name: str | None = None, url: str = "https://h.example.com/x"
) -> Channel:
    """A channel."""
    provider = PROVIDERS["webhook"](url=url)
    return Channel(id=channel_id, name=name or channel_id, provider=provider)


def set_up(store: Store, *things: Monitor | Channel | Maintenance, now: float = NOON) -> int:
    """Put monitors, channels and maintenance."""
    monitors = tuple(thing for thing in things if isinstance(thing, Monitor))
    channels = tuple(thing for thing in things if isinstance(thing, Channel))
    planned = tuple(thing for thing in things if isinstance(thing, Maintenance))
    change = ConfigChange(put_monitors=monitors, put_channels=channels, put_maintenances=planned)
    return store.change_config(change, OPERATOR, now)


def result(
    monitor: str = "m",
    node: str = "n",
    observed: float = NOON,
    latency_us: int = 1000,
    **fields: Any,
) -> StoredResult:
    """A result, up unless `reason` says otherwise."""
    return StoredResult(
        monitor=monitor, node=node, observed=observed, latency_ns=latency_us * 1000, **fields
    )


def vote(node: str = "n", observed: float = NOON, **fields: Any) -> Vote:
    """A vote for up."""
    return Vote(node=node, observed=observed, up=True, **fields)


def down_vote(node: str = "n", observed: float = NOON, **fields: Any) -> Vote:
    """A vote for down."""
    return Vote(node=node, observed=observed, up=False, reason=Reason.TIMEOUT, **fields)


def notification(
    event: str = "down", subject: str = "i", channel: str = "c", created: float = NOON, **facts: Any
) -> Notification:
    """A notification whose key tells what it is."""
    key = f"{subject}/{channel}/{event}"
    return Notification(
        key=key,
        channel=channel,
        subject=subject,
        monitor="m",
        event=event,
        message=Message(key=key, event=event, monitor="API", at=round(created * 1000), **facts),
        created=created,
    )


def transition(
    monitor: str,
    at: float,
    status_from: Status,
    status_to: Status,
    known: float | None = None,
    **fields: Any,
) -> Transition:
    """A transition; the belief is what the status says."""
    return Transition(
        monitor=monitor,
        at=at,
        known=at if known is None else known,
        belief_from=_belief(status_from),
        belief_to=_belief(status_to),
        status_from=status_from,
        status_to=status_to,
        **fields,
    )


def _belief(status: Status) -> Belief:
    known = {Status.PENDING: Belief.PENDING, Status.DOWN: Belief.DOWN}
    return known.get(status, Belief.UP)


def incident(number: int = 1, monitor: str = "m", started: float = NOON, **fields: Any) -> Incident:
    """An incident, open unless `ended` is given."""
    return Incident(
        id=f"{monitor}/{number}",
        monitor=monitor,
        number=number,
        name="API",
        started=started,
        confirmed=started + 12.5,
        **fields,
    )


def outage(monitor: str = "m", at: float = NOON) -> Changes:
    """What a pass writes when a monitor goes down: all kinds of rows at once."""
    evidence = (down_vote("n1", at, detail="no answer within 5 s"), down_vote("n2", at + 1))
    opened_incident = incident(1, monitor, at, reasons="2 × timeout", evidence=evidence)
    return Changes(
        results=[result(monitor, "n1", at, reason=Reason.TIMEOUT)],
        transitions=[
            transition(
                monitor, at, Status.UP, Status.DOWN, incident=opened_incident.id, evidence=evidence
            )
        ],
        opened=[opened_incident],
        notifications=[notification(subject=opened_incident.id, created=at)],
    )


class Killed(Exception):
    """Stands for the end of the process."""


class Dying(Connections):
    """Connections of a process that ends after some transactions."""

    def __init__(self, address: Address, transactions: int) -> None:
        super().__init__(address, 5, PATIENCE_S)
        self._left = transactions

    @contextlib.contextmanager
    def writing(self, *, flush: bool = False) -> Iterator[Connection]:
        if self._left == 0:
            raise Killed
        self._left -= 1
        with super().writing(flush=flush) as connection:
            yield connection
