"""The leader's database as the rest of the leader sees it.

All methods are synchronous and may be called from any thread: writers wait for each other, readers
wait for nobody. Every method raises StoreError when the database cannot be used just now; nothing
was changed then, and the same call works once the cause is gone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError
from uptop_leader.store import (
    audit,
    configuring,
    facts,
    leases,
    places,
    reading,
    writing,
)
from uptop_leader.store.audit import Wanted
from uptop_leader.store.backup import backup
from uptop_leader.store.connections import IDLE_S, Connections
from uptop_leader.store.copies import Copies
from uptop_leader.store.days import settle
from uptop_leader.store.errands import Errands
from uptop_leader.store.leases import Leases
from uptop_leader.store.migrate import migrate
from uptop_leader.store.node_keys import NodeKeys
from uptop_leader.store.outgoing import Outgoing
from uptop_leader.store.people import People
from uptop_leader.store.posts import Posts
from uptop_leader.store.replays import replay
from uptop_leader.store.resealing import Resealed, reseal
from uptop_leader.store.retention import retain
from uptop_leader.store.rollups import roll_up
from uptop_leader.store.saved import Saved
from uptop_leader.store.sealing import seal
from uptop_leader.store.shown import Shown
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from uptop_core.monitors import Monitor
    from uptop_leader.changes import Changes
    from uptop_leader.configuration import Actor, ConfigChange, Configuration
    from uptop_leader.seal import Keyring
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.audit import AuditEntry
    from uptop_leader.store.places import Place
    from uptop_leader.store.replays import Rulings
    from uptop_leader.store.results import SeriesIds

BUSY_S = 5.0
"""How long a transaction waits for another program that has the database locked."""


class Store(Outgoing, Shown):
    """One open database. Times are Unix seconds."""

    def __init__(self, connections: Connections, keyring: Keyring, cluster_id: str) -> None:
        self.cluster_id = cluster_id
        """The UUID that was given to this installation on its first start."""
        self._connections = connections
        self._keyring = keyring
        self.people = People(connections)
        self.node_keys = NodeKeys(connections)
        self.posts = Posts(connections)
        self._series: SeriesIds = {}
        self.copies = Copies(connections, keyring, lambda: self._series)
        """What another node copies from here, or is copied here from it."""
        self.leases = Leases(connections)
        """Which of several leaders on this database acts."""
        self.errands = Errands(connections)
        """What leaders that stand by were asked."""
        connections.check = self._check_same

    @classmethod
    def open(
        cls,
        address: Address,
        keyring: Keyring,
        now: float,
        *,
        busy_s: float = BUSY_S,
        idle_s: float = IDLE_S,
    ) -> Store:
        """Open the database at `address`, make it if it is missing (a file; a server has it made
        before), and bring its tables up to date. A server lets a transaction that writes wait for
        its client for `idle_s`.

        Raises StoreTooNew for a database of a newer version.
        """
        connections = Connections(address, busy_s, idle_s)
        try:
            with connections.writing(flush=True) as connection:
                migrate(connection)
                cluster = facts.ensure(connection, now)
                leases.ensure(connection)
            connections.make_room(to_ms(now))
            store = cls(connections, keyring, cluster)
            with connections.reading() as connection:
                store._series = reading.series_ids(connection)
        except BaseException:
            connections.close()
            raise
        return store

    def under(self, holder: str, epoch: int) -> Store:
        """The same database for a leader that holds its lease: every write makes sure first that
        it still does, and raises LeaseLost when not.
        """
        insist = partial(leases.insist, holder=holder, epoch=epoch)
        store = Store(self._connections.insisting(insist), self._keyring, self.cluster_id)
        store._series = dict(self._series)
        return store

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def _check_same(self, connection: Connection) -> None:
        """Another file has come in the place of ours: go on only if it is this installation's."""
        if facts.get(connection, facts.CLUSTER) != self.cluster_id:
            raise StoreError(
                f"{self._connections.name} was replaced by another installation's:"
                " restart to use it"
            )
        self._series = reading.series_ids(connection)

    # What the engine writes and reads

    def load(self) -> Saved:
        """Everything that is needed to go on as before the restart. Raises SealError too."""
        with self._connections.reading() as connection:
            # Another leader may have learned more, or the database gone back to what it was.
            self._series = reading.series_ids(connection)
            self.cluster_id = facts.get(connection, facts.CLUSTER) or self.cluster_id
            open_incidents = reading.incidents(connection, open_only=True)
            return Saved(
                configuration=configuring.load(connection, self._keyring),
                states=reading.states(connection),
                open_incidents={incident.id: incident for incident in open_incidents},
                nodes=reading.nodes(connection),
                ledgers=reading.ledgers(connection),
                former=reading.former(connection),
                epoch=facts.number(connection, facts.EPOCH),
                last_alive=reading.last_alive(connection),
            )

    def write(self, changes: Changes, now: float) -> None:
        """Write what a pass decided, whole or not at all. Twice is as good as once."""
        with self._connections.writing(flush=changes.is_weighty()) as connection:
            learned = writing.write(connection, changes, self._series, now)
        self._series.update(learned)

    def alive(self, now: float) -> None:
        """Say that the store is written, when there was nothing else to write."""
        with self._connections.writing() as connection:
            writing.alive(connection, now)

    def gap(self, since: float, until: float) -> None:
        """Remember a time in which this leader did not run."""
        with self._connections.writing(flush=True) as connection:
            writing.gap(connection, since, until)

    # This node's place beside another one

    def place(self) -> Place:
        """What is to be known of the election after a restart."""
        with self._connections.reading() as connection:
            return places.load(connection)

    def put_place(self, place: Place) -> None:
        """Keep it, before it is acted on. Epochs only grow."""
        with self._connections.writing(flush=True) as connection:
            places.put(connection, place)

    def wish(self, wanted: str) -> None:
        """Tell the process that runs on this database what its operator wants of it."""
        with self._connections.writing(flush=True) as connection:
            places.wish(connection, wanted)

    def take_wish(self) -> str:
        """What an operator wants, once; empty for nothing."""
        with self._connections.reading() as connection:
            wanted = places.wished(connection)
        if wanted:
            self.wish("")
        return wanted

    def edition(self) -> tuple[int, int]:
        """Changes with the configuration, and with what is copied from another node."""
        with self._connections.reading() as connection:
            version = facts.number(connection, facts.CONFIG_VERSION)
            return version, facts.number(connection, facts.COPIED)

    # What people have set up

    def config_version(self) -> int:
        """The version of the configuration; cheap enough to be asked every second."""
        with self._connections.reading() as connection:
            return facts.number(connection, facts.CONFIG_VERSION)

    def load_config(self) -> Configuration:
        """All monitors and channels. Raises SealError naming a secret that cannot be opened."""
        with self._connections.reading() as connection:
            return configuring.load(connection, self._keyring)

    def load_deleted(self, wanted: Collection[str]) -> tuple[Monitor, ...]:
        """Those of the monitors (ids) that were deleted, as they were last. Raises SealError."""
        with self._connections.reading() as connection:
            return configuring.load_deleted(connection, self._keyring, wanted)

    def change_config(self, change: ConfigChange, actor: Actor, now: float) -> int:
        """Change the configuration in one transaction and return its version.

        Raises ConfigError for names that would be there twice. What is dropped keeps its history.
        """
        with self._connections.writing(flush=True) as connection:
            return configuring.change(connection, change, self._keyring, actor, now)

    def edit_config(
        self, edit: Callable[[Configuration], ConfigChange], actor: Actor, now: float
    ) -> int:
        """Like `change_config` with what `edit` makes of the configuration as it is then.

        No other change can come between; what `edit` raises leaves everything as it was.
        """
        with self._connections.writing(flush=True) as connection:
            change = edit(configuring.load(connection, self._keyring))
            return configuring.change(connection, change, self._keyring, actor, now)

    def reseal(self, actor: Actor, now: float) -> Resealed:
        """Seal every secret under the first key. Raises SealError naming what no key opens."""
        return reseal(self._connections, self._keyring, actor, now)

    # Upkeep, from time to time

    def roll_up(self, now: float) -> int:
        """Compute the rollups whose results have changed, and count the days that are over or have
        changed; returns how many buckets.
        """
        done = roll_up(self._connections, now)
        settle(self._connections, now)
        return done

    def replay(
        self, monitors: Mapping[str, Monitor], rulings: Rulings, now: float, waited_s: float
    ) -> int:
        """Judge the times that nobody had judged and that late results tell of; of how many
        monitors. Results are waited for `waited_s` from the first that came in.
        """
        return replay(self._connections, monitors, rulings, now, waited_s)

    def retain(self, now: float, raw_s: float, five_min_s: float, hour_s: float) -> int:
        """Remove history older than so many seconds; returns how many rows."""
        return retain(self._connections, now, raw_s, five_min_s, hour_s)

    def seal(self, now: float) -> int:
        """Pack the raw results of hours that are over and rolled up; returns how many."""
        return seal(self._connections, now)

    def backup(self, path: Path) -> None:
        """Copy the database to a file of mode 0600, while others write."""
        backup(self._connections, path)

    def audit(self, actor: Actor, what: str, about: str, now: float, detail: str = "") -> None:
        """Write down who did what; no secret may be in any of it."""
        with self._connections.writing() as connection:
            audit.note(connection, actor, what, about, detail, now)

    def audit_log(
        self,
        limit: int = 100,
        wanted: Wanted = Wanted(),  # noqa: B008  frozen
    ) -> list[AuditEntry]:
        """Entries of the audit log, the newest first."""
        with self._connections.reading() as connection:
            return audit.entries(connection, limit, wanted)
