"""The store's side of copying: pages to be copied, and what comes from the other node."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from uptop_core.errors import StoreError
from uptop_leader.changes import StoredResult
from uptop_leader.copying.merging import merge
from uptop_leader.copying.words import ChangesPage, Digests, HistoryPage, RowsPage, Source
from uptop_leader.store import (
    change_log,
    copying,
    digests,
    facts,
    given_edits,
    giving,
    migrate,
    reading,
    results,
    writing,
)
from uptop_leader.store.codes import meaning_of
from uptop_leader.store.meeting import not_here
from uptop_leader.store.raw import raw_results
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from uptop_leader.nodes import Ledger
    from uptop_leader.seal import Keyring
    from uptop_leader.store.change_log import RowChange
    from uptop_leader.store.connections import Connections
    from uptop_leader.store.results import SeriesIds

ADOPTED = "adopted"
"""Whose copy a database is whose rows are to be replaced by those of the next leader."""
NOBODYS = ("", ADOPTED)
"""Whose copy a database is that is none yet."""

_HISTORY_PAGE = 10_000
_MONITOR, _RESULT = METADATA.tables["monitor"], METADATA.tables["result"]


class Overtaken(StoreError):
    """Raised when what was asked for in one epoch of this node is to be written in a later one."""

    def __init__(self) -> None:
        super().__init__("this node has acted since that was asked for: nothing was copied")


class Copies:
    """Reading for whoever copies this database, and writing what is copied from another one."""

    def __init__(
        self, connections: Connections, keyring: Keyring, series: Callable[[], SeriesIds]
    ) -> None:
        self._connections = connections
        self._keyring = keyring
        self._series = series
        self.has_keys = bool(keyring)
        """Whether secrets are sealed here."""
        self.keeps_log = connections.is_file
        """Whether what changes here can be followed."""

    def under(self, epoch: int) -> Copies:
        """The same for who copies as long as this node's own epoch is no later one: every write
        makes sure of that first, and raises Overtaken when not.
        """
        connections = self._connections.insisting(partial(_insist, epoch))
        return Copies(connections, self._keyring, self._series)

    # For who copies.

    def keep_log(self) -> None:
        """This node is one of a pair from now on."""
        with self._connections.writing(flush=True) as connection:
            change_log.keep(connection)

    def newest(self) -> int:
        """The number of the last change."""
        with self._connections.reading() as connection:
            return change_log.newest(connection)

    def changes(self, number: int) -> ChangesPage:
        """What has changed after `number`, secrets in clear. Raises SealError."""
        with self._connections.reading() as connection:
            source = self._source(connection)
            if not change_log.reaches(connection, number):
                upto = change_log.newest(connection)
                return ChangesPage(source=source, upto=upto, reached=False)
            page = change_log.after(connection, number)
            newest = change_log.newest(connection)
        opened = [copying.in_clear(change, self._keyring) for change in page.changes]
        return ChangesPage(
            source=source, upto=page.upto, newest=newest, changes=opened, more=page.more
        )

    def digests(self, number: int, since_ms: int) -> Digests:
        """What the rows come to, if `number` is the last change; numbered ones from a moment on.
        Raises SealError.
        """
        with self._connections.reading() as connection:
            newest = change_log.newest(connection)
            if newest != number:
                return Digests(at=newest)
            found = digests.of_all(connection, self._keyring, since_ms)
            return Digests(at=newest, digests=found)

    def own_digests(self, since_ms: int) -> Digests:
        """The same of a copy, whose number is its cursor. Raises SealError."""
        with self._connections.reading() as connection:
            at = facts.number(connection, facts.COPIED)
            return Digests(at=at, digests=digests.of_all(connection, self._keyring, since_ms))

    def rows(self, thing: str, beyond: tuple[str, ...] | None) -> RowsPage:
        """Rows of a thing in the order of their keys, secrets in clear. Raises SealError."""
        with self._connections.reading() as connection:
            source, at = self._source(connection), change_log.newest(connection)
            rows = change_log.page_of(connection, thing, beyond)
        opened = [copying.in_clear(change, self._keyring) for change in rows]
        return RowsPage(source=source, at=at, rows=opened, more=len(rows) == change_log.PAGE)

    def history(self, since_ms: int) -> HistoryPage:
        """Raw results from a moment on, whole milliseconds at a time."""
        with self._connections.reading() as connection:
            names = {number: pair for pair, number in reading.series_ids(connection).items()}
            rows: list[tuple[int, int, int, int]] = []
            for row in raw_results(connection, since_ms, 2**62):
                if len(rows) >= _HISTORY_PAGE and row[0] != rows[-1][0]:
                    return HistoryPage(
                        results=[_stored(one, names) for one in rows],
                        upto_ms=rows[-1][0] + 1,
                        more=True,
                    )
                rows.append(row)
        upto = rows[-1][0] + 1 if rows else since_ms
        return HistoryPage(results=[_stored(one, names) for one in rows], upto_ms=upto, more=False)

    def ledgers(self) -> list[Ledger]:
        """Which results of every node are stored."""
        with self._connections.reading() as connection:
            return list(reading.ledgers(connection).values())

    # What comes from the other node.

    def own_monitors(self) -> int:
        """How many monitors there are here that were not copied; 0 for a copy."""
        with self._connections.reading() as connection:
            if facts.get(connection, facts.COPIED_FROM):
                return 0
            query = select(func.count()).where(_MONITOR.c.deleted_ms.is_(None))
            return int(connection.execute(query).scalar_one())

    def adopt(self) -> None:
        """Let what is here be replaced by the leader's."""
        with self._connections.writing(flush=True) as connection:
            facts.put(connection, facts.COPIED_FROM, ADOPTED)

    def begin_rows(self) -> None:
        """All rows are about to come. What is here until the cursor is set is nobody's own: a
        node that is killed between begins again.
        """
        with self._connections.writing(flush=True) as connection:
            if not facts.get(connection, facts.COPIED_FROM):
                facts.put(connection, facts.COPIED_FROM, ADOPTED)

    def cursor(self) -> tuple[str, int]:
        """The cluster that this database is a copy of, empty while it is none, and how far."""
        with self._connections.reading() as connection:
            whose = facts.get(connection, facts.COPIED_FROM) or ""
            return whose, facts.number(connection, facts.COPIED)

    def newest_result(self) -> float:
        """When the newest raw result was observed, Unix seconds; 0 for none."""
        with self._connections.reading() as connection:
            newest = connection.execute(select(func.max(_RESULT.c.time_ms))).scalar_one()
        return (newest or 0) / 1000

    def take_changes(self, page: ChangesPage) -> None:
        """Apply a page and the cursor in one transaction."""
        with self._connections.writing(flush=True) as connection:
            copying.apply(connection, page.changes, self._keyring)
            self._note(connection, page.source, page.upto)

    def take_rows(self, rows: Iterable[RowChange]) -> None:
        """Apply some of all rows; the cursor comes when there are no more. They are not this node's
        to be given back, also when the others never come.
        """
        with self._connections.writing() as connection:
            copying.apply(connection, rows, self._keyring)
            facts.put(connection, facts.GIVEN, change_log.newest(connection))

    def end_rows(self, source: Source, there: dict[str, set[tuple[str, ...]]], upto: int) -> None:
        """All rows are here: remove what is not there any more, and set the cursor."""
        with self._connections.writing(flush=True) as connection:
            for thing, keys in reversed(there.items()):
                copying.drop_others(connection, thing, keys)
            self._note(connection, source, upto)

    def take_results(self, given: Iterable[StoredResult], ledgers: Iterable[Ledger]) -> int:
        """Store the results that are new here, with the ledgers; returns how many those are."""
        with self._connections.writing(flush=True) as connection:
            known = reading.ledgers(connection)
            unknown, touched = merge(given, ledgers, known)
            new = not_here(connection, unknown, self._series())
            learned = results.write_results(connection, new, self._series())
            writing.write_ledgers(connection, touched)
        self._series().update(learned)
        return len(new)

    def take_gift(self, changes: Iterable[RowChange], base: int, now: float) -> tuple[str, ...]:
        """Apply what the node that was active while this one was not has decided, and what people
        changed there who could not wait. `base` is the last change of here that it had. Returns
        what both have changed, in words.
        """
        changes = list(changes)
        with self._connections.writing(flush=True) as connection:
            giving.apply_given(connection, changes)
            return given_edits.take(connection, changes, base, now)

    # Giving back.

    def ungiven(self) -> change_log.Page:
        """What this node has written since it stopped copying, of its own."""
        with self._connections.reading() as connection:
            page = change_log.after(connection, facts.number(connection, facts.GIVEN))
        opened = [copying.in_clear(change, self._keyring) for change in page.changes]
        return change_log.Page(upto=page.upto, changes=opened, more=page.more)

    def given(self, upto: int) -> None:
        """The other one has everything up to that number."""
        with self._connections.writing(flush=True) as connection:
            facts.put(connection, facts.GIVEN, upto)

    def _note(self, connection: Connection, source: Source, upto: int) -> None:
        facts.put(connection, facts.COPIED, upto)
        facts.put(connection, facts.COPIED_FROM, source.cluster)
        facts.put(connection, facts.CLUSTER, source.cluster)
        facts.put(connection, facts.CONFIG_VERSION, source.config_version)
        facts.put(connection, facts.GIVEN, change_log.newest(connection))
        if source.alive_ms is not None:
            writing.alive(connection, source.alive_ms / 1000)

    def _source(self, connection: Connection) -> Source:
        alive = reading.last_alive(connection)
        return Source(
            cluster=str(facts.get(connection, facts.CLUSTER)),
            schema=migrate.revisions()[-1],
            epoch=facts.number(connection, facts.EPOCH),
            keyed=self.has_keys,
            config_version=facts.number(connection, facts.CONFIG_VERSION),
            alive_ms=to_ms_or_none(alive),
        )


def _insist(epoch: int, connection: Connection) -> None:
    if facts.number(connection, facts.EPOCH) > epoch:
        raise Overtaken


def _stored(row: tuple[int, int, int, int], names: dict[int, tuple[str, str]]) -> StoredResult:
    at_ms, series, latency_us, code = row
    monitor, node = names[series]
    reason, bearing = meaning_of(code)
    return StoredResult(
        monitor=monitor,
        node=node,
        observed=at_ms / 1000,
        latency_ns=latency_us * 1000,
        reason=reason,
        bearing=bearing,
    )
