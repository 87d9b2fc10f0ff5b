"""The follower's second loop: copies what the leader writes, about a second behind.

Rows of configuration, beliefs, incidents and outbox come first, by the leader's change log;
results follow behind. What this node has decided goes the other way by `giving_back`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import anyio
from anyio import to_thread

from uptop_core.errors import LeaderAway, LeaderBusy, LeaderError, UptopError
from uptop_core.wire import CopyHealth
from uptop_leader.copying.words import (
    ChangesPage,
    Digests,
    HistoryPage,
    ResultsPage,
    RowsPage,
)
from uptop_leader.nodes import Ledger
from uptop_leader.store.change_log import THINGS
from uptop_leader.store.copies import NOBODYS, Overtaken
from uptop_leader.store.copying import named_by
from uptop_leader.store.migrate import revisions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_core.client import LeaderClient
    from uptop_core.clock import Clock
    from uptop_leader.copying.words import Source
    from uptop_leader.store.copies import Copies
    from uptop_leader.store.store import Store

T = TypeVar("T")

_WAIT_S = 10  # the leader holds a question for changes this long
_RESULTS_S = 1.0  # how often results are asked for
_RETRY_S = 1.0
_PAUSE_S = 0.1
_COMPARE_S = 600.0  # how often the copy is compared with the leader's rows
_COMPARED_MS = 86_400_000  # of what is numbered, the last day
_HISTORY_S = 900.0  # what is read again after a break, since results may come late

log = logging.getLogger(__name__)


class Copier:
    """Copies into `store` while `may_copy` says that this node stands by. `wheel` is held by who
    writes. `epoch` is the newest that this node knows, `own_epoch` the one in which it acted last
    or stands by: it changes after the store's.
    """

    def __init__(
        self,
        leader: LeaderClient,
        store: Store,
        clock: Clock,
        wheel: anyio.Lock,
        *,
        mirrors: bool,
        may_copy: Callable[[], bool],
        epoch: Callable[[], int],
        own_epoch: Callable[[], int],
    ) -> None:
        self._leader = leader
        self._store = store
        self._clock = clock
        self._wheel = wheel
        self._one_at_a_time = anyio.Lock()
        self._mirrors = mirrors
        self._may_copy = may_copy
        self._epoch = epoch
        self._own_epoch = own_epoch
        self._results_at = ("", 0)
        self.bar = "nothing has been copied from the leader yet" if mirrors else ""
        """Why this node must not take over; empty when it may."""
        self.trouble = ""
        """Why it cannot copy just now."""
        self.copied_at: float | None = None
        """When it last had everything, Unix seconds."""
        self._behind = 0
        self._compared = clock.now() - _COMPARE_S
        self._differed: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        await to_thread.run_sync(self._store.copies.keep_log)
        if not self._mirrors:
            return
        if (cursor := await to_thread.run_sync(self._store.copies.cursor))[0] not in NOBODYS:
            self.bar = ""
            log.info("a copy of cluster %s, up to change %s", *cursor)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._again_and_again, self._copy_changes)
            tasks.start_soon(self._again_and_again, self._copy_results)

    def health(self) -> CopyHealth:
        """How the copy is."""
        age_ms = None
        if self.copied_at is not None:
            age_ms = max(0, round((self._clock.now() - self.copied_at) * 1000))
        return CopyHealth(age_ms=age_ms, behind=self._behind, trouble=self.trouble)

    async def _again_and_again(self, copy: Callable[[Copies], Awaitable[None]]) -> None:
        """Copy while this node stands by; troubles are told once, and do not end it."""
        while True:
            copies = self._store.copies.under(self._own_epoch())
            try:
                if self._may_copy() and not await self._is_independent():
                    await copy(copies)
                else:
                    await anyio.sleep(_RETRY_S)
            except (LeaderAway, LeaderBusy):  # that is told by who polls it
                await anyio.sleep(_RETRY_S)
            except LeaderError as error:  # so is that it refuses, but it is no copy then
                self.trouble = str(error)
                await anyio.sleep(_RETRY_S)
            except UptopError as error:
                self._complain(str(error))
                await anyio.sleep(_RETRY_S)

    def _complain(self, why: str) -> None:
        if why != self.trouble:
            log.error("cannot copy: %s", why)
        self.trouble = why

    async def _is_independent(self) -> bool:
        """Whether this database has monitors of its own: then it is no copy, and stays none."""
        own = await to_thread.run_sync(self._store.copies.own_monitors)
        if own:
            self.bar = ""
            self._complain(
                f"this database has {own} monitors of its own: it works independently"
                " (`uptop-leader adopt` lets the leader's replace them)"
            )
        return own > 0

    async def _copy_changes(self, copies: Copies) -> None:
        whose, number = await to_thread.run_sync(copies.cursor)
        page = await self._ask(
            f"/api/follower/changes?after={number}&wait={_WAIT_S}", ChangesPage, wait_s=_WAIT_S
        )
        if self._is_barred(page.source):
            await anyio.sleep(_RETRY_S)
        elif whose != page.source.cluster or not page.reached:
            await self._copy_everything(copies)
        elif await self._write(copies.take_changes, page):
            self._behind = max(0, page.newest - page.upto)
            self._is_complete(page.more)
            if not page.more and self._clock.now() - self._compared >= _COMPARE_S:
                await self._compare(copies, page.upto)

    async def _compare(self, copies: Copies, number: int) -> None:
        """Whether the copy is what the leader has; where it is not, all of it is copied anew. What
        differs even so is told, and is not copied again for it.
        """
        since = round(self._clock.now() * 1000) - _COMPARED_MS
        theirs = await self._ask(f"/api/follower/digests?after={number}&since={since}", Digests)
        if theirs.at != number:
            return  # something has changed meanwhile: after the next page
        mine = await to_thread.run_sync(copies.own_digests, since)
        if not self._may_copy():
            return  # it acts: what it has is its own
        common = mine.digests.keys() & theirs.digests.keys()  # another version may copy more
        differ = frozenset(name for name in common if mine.digests[name] != theirs.digests[name])
        if differ - self._differed:
            log.error("the copy is not what the leader has: %s", ", ".join(sorted(differ)))
            if await self._copy_everything(copies):  # and is compared once more after that
                self._differed = differ
            return
        self._differed = differ
        self._compared = self._clock.now()

    async def _copy_everything(self, copies: Copies) -> bool:
        """All rows, page by page; changes that come meanwhile are copied after it, so what is read
        at different moments becomes one. Whether all of it is here.
        """
        log.info("copying everything from the leader")
        if not await self._write(copies.begin_rows):
            return False
        there: dict[str, set[tuple[str, ...]]] = {}
        first: RowsPage | None = None
        for thing in THINGS:
            keys, beyond, more = set[tuple[str, ...]](), "", True
            while more:
                page = await self._ask(f"/api/follower/rows?thing={thing}{beyond}", RowsPage)
                first = first or page
                if not await self._write(copies.take_rows, page.rows):
                    return False
                keys |= {named_by(change) for change in page.rows}
                more = page.more
                if more:
                    beyond = "".join(f"&beyond={_quoted(part)}" for part in page.rows[-1].key)
            there[thing] = keys
        assert first is not None, "there are things to copy"  # noqa: S101
        if not await self._write(copies.end_rows, first.source, there, first.at):
            return False
        log.info("copied everything: %s rows", sum(map(len, there.values())))
        return True

    async def _copy_results(self, copies: Copies) -> None:
        if self.bar:  # configuration first
            await anyio.sleep(_RETRY_S)
            return
        boot, after = self._results_at
        page = await self._ask(f"/api/follower/results?boot={boot}&after={after}", ResultsPage)
        if not page.reached:
            if await self._copy_history(copies):
                self._results_at = (page.boot, page.upto)
            return
        take = copies.take_results
        if page.results and not await self._write(take, page.results, page.ledgers):
            return  # it comes again
        self._results_at = (page.boot, page.upto)
        if not page.more:
            await anyio.sleep(_RESULTS_S)

    async def _copy_history(self, copies: Copies) -> bool:
        """What was stored while nobody remembered it, and the ledgers as they were before; whether
        all of it is here.
        """
        ledgers = await self._ask("/api/follower/ledgers", list[Ledger])
        newest = await to_thread.run_sync(copies.newest_result)
        since, more = max(0, round((newest - _HISTORY_S) * 1000)), True
        take = copies.take_results
        while more:
            page = await self._ask(f"/api/follower/history?since={since}", HistoryPage)
            if not await self._write(take, page.results, ()):
                return False
            since, more = page.upto_ms, page.more
        return await self._write(take, (), ledgers)

    async def _write(self, write: Callable[..., object], *what: object) -> bool:
        """Write what was copied, unless this node has begun to act since it was asked for: that is
        out of date then, and comes again. Whether it was written.
        """
        async with self._one_at_a_time:
            try:
                self._wheel.acquire_nowait()
            except anyio.WouldBlock:  # a leader runs here, or is about to end
                await anyio.sleep(_PAUSE_S)
                return False
            try:
                if self._may_copy():
                    await to_thread.run_sync(write, *what)
                    return True
                return False
            except Overtaken:  # it has acted, and does not any more
                return False
            finally:
                self._wheel.release()

    def _is_barred(self, source: Source) -> bool:
        """Whether what the leader has cannot be copied here."""
        why = ""
        if source.schema != revisions()[-1]:
            why = (
                f"the leader's database is at revision {source.schema}, this one at"
                f" {revisions()[-1]}: bring both to the same version"
            )
        elif source.keyed and not self._store.copies.has_keys:
            why = "the leader seals its credentials: set UPTOP_ENCRYPTION_KEY here too"
        elif source.epoch < self._epoch():
            return True  # a leader that has not heard yet of what was decided since
        if why:
            self.bar = why
            self._complain(why)
        return bool(why)

    def _is_complete(self, more: bool) -> None:
        if not more:
            self.bar = self.trouble = ""
            self.copied_at = self._clock.now()

    async def _ask(self, path: str, into: type[T], wait_s: float = 0.0) -> T:
        return await self._leader.get_json(path, into, wait_s=wait_s)


def _quoted(part: str) -> str:
    return quote(part, safe="")
