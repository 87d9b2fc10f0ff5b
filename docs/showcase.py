"""A leader with a past worth looking at: for the pictures in the documents, and for tests that look
at the status page in a browser.

Three regions look at a shop: a database that is slow from one place, a payment service that is down
just now with posts about it, a mail gateway in maintenance, incidents of ninety days, and days in
which nobody looked. Nothing of it is random, so that pictures change only when the page does.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS, uuid5

import httpx
from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.clock import Clock
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason, Timings
from uptop_core.votes import Vote
from uptop_leader.changes import Changes, StoredResult
from uptop_leader.channels import Channel
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.incidents import Incident, Transition, incident_id
from uptop_leader.leader import Leader
from uptop_leader.maintenance import Maintenance
from uptop_leader.nodes import Node
from uptop_leader.posts import Post, PostKind
from uptop_leader.providers.ntfy import Ntfy
from uptop_leader.providers.webhook import Webhook
from uptop_leader.records import Record
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Belief, Maintained, MonitorState, Status, fresh_state
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.regional import ByRegion

NOW = 1_795_357_260.0  # 22 November 2026, 14:21 UTC
HOUR, DAY = 3600.0, 86_400.0
REGIONS = {"fra": "eu-west", "nyc": "us-east", "sin": "ap-south"}
SHOP = {
    "Shop": ("Website", "Checkout API", "Payments", "Search", "Images and downloads"),
    "Platform": ("Database", "Queue", "Sign-in", "Mail gateway"),
    "": ("Documentation", "Nightly backup", "Forum"),
}
_ADA, _BEN = Actor(name="Ada", source="pictures"), Actor(name="Ben", source="pictures")
_BELIEFS = {Status.PENDING: Belief.PENDING, Status.UP: Belief.UP, Status.DOWN: Belief.DOWN}

# Whose outages: days ago, and how many hours they lasted.
_OUTAGES = {
    "Website": [(71.3, 0.3), (33.6, 0.1), (6.4, 0.7)],
    "Checkout API": [(58.1, 0.2), (33.6, 0.2), (12.2, 0.25)],
    "Payments": [(80.4, 1.4), (41.7, 3.2), (41.2, 0.4), (19.9, 0.2), (3.1, 0.4)],
    "Search": [(64.2, 0.15), (22.5, 5.5)],
    "Images and downloads": [(15.8, 0.6)],
    "Database": [(33.7, 0.4)],
    "Sign-in": [(50.3, 0.35)],
    "Forum": [(77.0, 30.0), (29.4, 1.1), (28.8, 0.5), (2.2, 2.4)],
}
_LATENCY_MS = {
    "Website": (38, 96, 212), "Checkout API": (61, 118, 240), "Search": (22, 84, 190),
    "Payments": (84, 130, 260), "Images and downloads": (12, 15, 19), "Database": (4, 88, 940),
    "Queue": (9, 91, 201), "Sign-in": (45, 102, 223), "Documentation": (18, 21, 26),
    "Forum": (140, 210, 330), "Mail gateway": (30, 110, 230),
}  # fmt: skip


_TIMINGS = Timings(
    dns_ns=2_100_000, connect_ns=18_400_000, tls_ns=37_900_000, first_byte_ns=71_200_000,
    transfer_ns=1_300_000, total_ns=130_900_000,
)  # fmt: skip


class ShownLeader(Leader):
    """A leader at one moment that knows its regions without having worked for an hour."""

    def __init__(self, settings: LeaderSettings, store: Store, http: httpx.AsyncClient) -> None:
        self.stood = StoodClock()
        super().__init__(settings, store, store.load(), self.stood, http)

    @property
    def lately(self) -> ByRegion:
        """How every monitor was in each region in the last hour."""
        return self.store.regional_of_all(REGIONS, self.clock_now(), HOUR)


class StoodClock(Clock):
    """A clock that shows what it is set to."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def now(self) -> float:
        """That moment."""
        return self.at

    def wall(self) -> float:
        """The same."""
        return self.at


@contextmanager
def showcase(folder: Path, settings: LeaderSettings | None = None) -> Iterator[ShownLeader]:
    """The leader, with its database in a folder."""
    settings = settings or LeaderSettings(
        db_dsn=str(folder / "uptop.db"),
        status_enabled=True,
        status_title="Acme status",
        status_regions=True,
    )
    store = Store.open(folder / "uptop.db", Keyring(), NOW - 100 * DAY)
    try:
        _fill(store)
        http = httpx.AsyncClient(trust_env=False)
        yield ShownLeader(settings, store, http)
    finally:
        store.close()


def monitor_id(name: str) -> str:
    """The id of a monitor of the showcase."""
    return str(uuid5(NAMESPACE_DNS, name))


def _fill(store: Store) -> None:
    monitors = _monitors()
    planned = (
        Maintenance(
            id="upgrade",
            name="Upgrade of the mail gateway",
            start=NOW - HOUR,
            end=NOW + 1.5 * HOUR,
            monitors=(monitor_id("Mail gateway"),),
        ),
        Maintenance(
            id="move",
            name="Search moves to larger machines",
            start=NOW + 2.4 * DAY,
            end=NOW + 2.4 * DAY + 2 * HOUR,
            monitors=(monitor_id("Search"),),
        ),
    )
    change = ConfigChange(put_channels=_channels(), put_monitors=monitors, put_maintenances=planned)
    store.change_config(change, _ADA, NOW - 89 * DAY)
    changes = Changes(nodes=_nodes())
    for monitor in monitors:
        _live(store.cluster_id, monitor, changes)
    changes.transitions.sort(key=lambda move: move.at)
    store.write(changes, NOW)
    store.gap(NOW - 46.3 * DAY, NOW - 45.1 * DAY)
    for monitor in monitors:
        if monitor.name in _LATENCY_MS:
            store.write(Changes(results=_results(monitor)), NOW)
    _post(store)
    store.roll_up(NOW)


def _channels() -> tuple[Channel, ...]:
    address = "https://hooks.example.com/ops"
    return (
        Channel(id="ops", name="Operators", provider=Webhook(url=address), fallback="phones"),
        Channel(
            id="phones", name="Phones", provider=Ntfy(url="https://ntfy.example.com", topic="ops")
        ),
    )


def _monitors() -> tuple[Monitor, ...]:
    found = []
    for group, names in SHOP.items():
        if group:
            found.append(Monitor(id=monitor_id(group), name=group, check=GroupCheck()))
        for name in names:
            check = HttpCheck(url=f"https://{name.lower().replace(' ', '-')}.acme.example/health")
            parent = monitor_id(group) if group else None
            found.append(Monitor(id=monitor_id(name), name=name, check=check, parent=parent))
    return tuple(found)


def _nodes() -> dict[str, Node]:
    return {
        name: Node(
            id=name,
            name=name,
            region=region,
            rank=rank,
            version="0.1.0",
            joined=NOW - 90 * DAY,
            heard=NOW - 2 - rank,
            address=f"192.0.2.{rank + 11}",
            kinds=("dns", "http", "ping", "port"),
            offset_ms=(-3, 12, 41)[rank],
            record=Record(
                rtt_ms=(9, 88, 231)[rank], lag_ms=(4, 7, 19)[rank], missed=(0, 0, 2)[rank]
            ),
        )
        for rank, (name, region) in enumerate(REGIONS.items())
    }


def _live(cluster: str, monitor: Monitor, changes: Changes) -> None:
    """The life of a monitor, up to how it is now."""
    began = NOW - (23.2 if monitor.name == "Nightly backup" else 88.6) * DAY
    state = fresh_state(monitor.id, began)
    changes.transitions.append(_moved(monitor, began, Status.PENDING, Status.UP))
    number, last = 0, began
    for ago, hours in _OUTAGES.get(monitor.name, []):
        start, number = NOW - ago * DAY, number + 1
        last = start + hours * HOUR
        changes.transitions.append(_moved(monitor, start, Status.UP, Status.DOWN))
        changes.transitions.append(_moved(monitor, last, Status.DOWN, Status.UP))
        changes.opened.append(_incident(cluster, monitor, number, start, last))
    state = replace(state, belief=Belief.UP, status=Status.UP, status_since=last, since=last)
    state = _now(cluster, monitor, state, number, changes)
    changes.states[monitor.id] = state
    for node in REGIONS:
        if monitor.check.runs:
            changes.votes[monitor.id, node] = _vote(monitor, node)


def _now(
    cluster: str, monitor: Monitor, state: MonitorState, number: int, changes: Changes
) -> MonitorState:
    state = replace(state, electors=frozenset(REGIONS))
    since = NOW - 2352
    if monitor.name in ("Payments", "Shop"):
        changes.transitions.append(_moved(monitor, since, Status.UP, Status.DOWN))
        state = replace(state, belief=Belief.DOWN, status=Status.DOWN, status_since=since)
    if monitor.name == "Payments":
        incident = _incident(cluster, monitor, number + 1, since, None)
        changes.opened.append(incident)
        state = replace(state, incident=incident.id, incidents=number + 1)
    if monitor.name in ("Database", "Platform"):
        state = replace(state, status=Status.PARTIAL, status_since=NOW - 310)
    if monitor.name == "Mail gateway":
        changes.transitions.append(
            replace(
                _moved(monitor, NOW - HOUR, Status.UP, Status.UP),
                status_to=Status.MAINTENANCE,
                cause="maintenance",
            )
        )
        planned = Maintained(since=NOW - HOUR, names=("Upgrade",), status=Status.UP)
        state = replace(state, maintenance=planned)
    return state


def _vote(monitor: Monitor, node: str) -> Vote:
    place = list(REGIONS).index(node)
    is_down = monitor.name == "Payments" or (monitor.name == "Database" and node == "sin")
    return Vote(
        node=node,
        observed=NOW - 8 - place,
        up=not is_down,
        reason=Reason.STATUS_MISMATCH if is_down else None,
        detail="HTTP 503" if is_down else "",
        status_code=503 if is_down else 200,
        latency_ns=round(_latency_ms(monitor, place, NOW) * 1e6),
        timings=_TIMINGS,
        address="198.51.100.7",
    )


def _results(monitor: Monitor) -> list[StoredResult]:
    return [
        StoredResult(
            monitor=monitor.id,
            node=node,
            observed=NOW - ago * 300 - place,
            latency_ns=round(_latency_ms(monitor, place, NOW - ago * 300) * 1e6),
            reason=Reason.STATUS_MISMATCH if monitor.name == "Payments" and ago < 8 else None,
        )
        for place, node in enumerate(REGIONS)
        for ago in range(288)
    ]


def _latency_ms(monitor: Monitor, place: int, at: float) -> float:
    """Slower when people are awake, and never quite the same."""
    usual = _LATENCY_MS.get(monitor.name, (20, 60, 120))[place]
    hour = at / HOUR
    busy = 1 + 0.25 * math.sin((hour % 24 - 9) / 24 * 2 * math.pi)
    return usual * busy * (1 + 0.06 * math.sin(hour * 7 + place) * math.sin(hour * 31))


def _moved(monitor: Monitor, at: float, before: Status, after: Status) -> Transition:
    return Transition(
        monitor=monitor.id,
        at=at,
        known=at + 9,
        belief_from=_BELIEFS[before],
        belief_to=_BELIEFS[after],
        status_from=before,
        status_to=after,
    )


def _incident(
    cluster: str, monitor: Monitor, number: int, start: float, end: float | None
) -> Incident:
    against = Vote(
        node="",
        observed=start,
        up=False,
        reason=Reason.STATUS_MISMATCH,
        detail="HTTP 503, expected 200-299",
        status_code=503,
        latency_ns=131_000_000,
        timings=_TIMINGS,
        address="198.51.100.7",
    )
    return Incident(
        id=incident_id(cluster, monitor.id, number),
        monitor=monitor.id,
        number=number,
        name=monitor.name,
        started=start,
        confirmed=start + 9,
        reasons="3 × HTTP 503",
        evidence=tuple(replace(against, node=node) for node in REGIONS),
        ended=end,
        end_confirmed=None if end is None else end + 9,
        cause="" if end is None else "recovered",
    )


def _post(store: Store) -> None:
    payments = incident_id(store.cluster_id, monitor_id("Payments"), 6)
    website = incident_id(store.cluster_id, monitor_id("Website"), 3)
    _thread(
        store,
        "Card payments fail",
        payments,
        (NOW - 2100, PostKind.INVESTIGATING, "Card payments fail for all customers. Orders are kept"
         " and can be paid later; we look into it together with our payment provider."),
        (NOW - 1260, PostKind.IDENTIFIED, "A certificate of the provider's gateway has expired. They"
         " are replacing it."),
    )  # fmt: skip
    _thread(
        store,
        "The website was slow and then away",
        website,
        (NOW - 6.4 * DAY + 600, PostKind.INVESTIGATING, "Pages take long or do not load."),
        (NOW - 6.4 * DAY + 1900, PostKind.MONITORING, "A deployment was rolled back. We watch."),
        (NOW - 6.4 * DAY + 7200, PostKind.RESOLVED, "An index was missing after a deployment. It is"
         " back, and deployments now check for it."),
    )  # fmt: skip


def _thread(store: Store, title: str, incident: str, *told: tuple[float, PostKind, str]) -> None:
    first = str(uuid5(NAMESPACE_DNS, title))
    for number, (at, kind, words) in enumerate(told):
        post = Post(
            id=first if number == 0 else str(uuid5(NAMESPACE_DNS, f"{title}{number}")),
            thread=first,
            kind=kind,
            words=words,
            at=at,
            who="Ada" if number % 2 == 0 else "Ben",
            title=title if number == 0 else "",
            incident=incident,
        )
        store.posts.add(post, _BEN if number % 2 else _ADA, at)
