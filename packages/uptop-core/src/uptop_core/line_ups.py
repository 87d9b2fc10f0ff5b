"""Proof of line, the asking: what stands between the runner and whoever takes its results.

A network failure waits here until its proof is had, at most its timeout plus some seconds; anything
else goes on at once. The node asks its canaries and two other hosts (a line-up), one line-up at a
time, beside the runner's slots; where these fail too, it asks whether at least the leader answers.
One that failed answers what fails soon after it, so that an outage of everything is not slowed.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct
from msgspec.structs import replace

from uptop_core.canaries import canary_check
from uptop_core.line import (
    HOSTS_NEEDED,
    Failure,
    Reached,
    Sightings,
    has_resolved,
    is_about_names,
)
from uptop_core.logs import event
from uptop_core.outcomes import Outcome
from uptop_core.runner import RanResult, look
from uptop_core.wire import HOST_PROOF, LEADER_PROOF, NO_PROOF, Assignment, Canaries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from uptop_core.clock import Clock

_CANARY_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


class _Waiting(Struct, eq=False):
    """A result that waits for proof, until `until` at the latest. `is_lost` when a line-up has
    failed for it, so that only the leader can still speak for this node's line.
    """

    ran: RanResult
    failure: Failure
    until: float
    is_lost: bool = False


class Line:
    """This node's own line: takes results with `take` and hands them to `on_result`, network
    failures with the proof that `WireResult.proof` describes.

    `run` makes an outcome of an assignment, as for the runner. `canaries` are as written.
    `ask_leader` tells whether the leader answers on a new connection; None where that proves
    nothing. `answer_s` is how long beyond its timeout a failure waits for proof.
    """

    def __init__(
        self,
        run: Callable[[Assignment], Awaitable[Outcome]],
        *,
        canaries: Iterable[str],
        ask_leader: Callable[[], Awaitable[bool]] | None,
        answer_s: float,
        clock: Clock,
        on_result: Callable[[RanResult], None],
    ) -> None:
        self._run = run
        self._canaries = tuple(_assigned(written) for written in canaries)
        self._ask_leader = ask_leader
        self._answer_s = answer_s
        self._clock = clock
        self._on_result = on_result
        self._sightings = Sightings()
        self._waiting: dict[_Waiting, None] = {}  # the oldest first
        # When the last line-up that failed began, and the last check that reached somebody; the
        # second of each pair is about names.
        self._failed = [-1.0, -1.0]
        self._reached = [-1.0, -1.0]
        self._changed = anyio.Event()
        self._told: set[str] = set()
        self._answers: dict[str, bool] = {}  # of canaries, in the line-up that is under way
        self._canaries_said: tuple[float, int, int] | None = None  # when asked last, up, failed

    @property
    def waiting(self) -> int:
        """How many results wait for proof."""
        return len(self._waiting)

    @property
    def is_needed(self) -> bool:
        """Whether this node has enough to look at to prove its line."""
        return bool(self._canaries) or self._sightings.hosts >= HOSTS_NEEDED

    def canaries(self) -> Canaries | None:
        """The canaries as this node tells of them now; None where it has none."""
        count = len(self._canaries)
        if not count or self._canaries_said is None:
            return Canaries(count=count) if count else None
        at, up, failed = self._canaries_said
        age_ms = max(0, round((self._clock.now() - at) * 1000))
        return Canaries(count=count, up=up, failed=failed, age_ms=age_ms)

    def update(self, assignments: Iterable[Assignment]) -> None:
        """From now on these are the assignments."""
        self._sightings.update(assignments)

    def take(self, ran: RanResult) -> None:
        """A check has ended: what it found goes on at once, or with its proof."""
        self._note(ran.assignment, ran.began, ran.outcome)
        reason = ran.outcome.reason
        if reason is None or not reason.is_network or not self.is_needed:
            self._on_result(ran)
            return
        now = self._clock.now()
        check = ran.assignment.check
        failure = Failure(check.host(), now, is_about_names(check, ran.outcome))
        window = ran.assignment.timeout + self._answer_s
        failed = self._failed[failure.of_names]
        is_lost = failed > self._reached[failure.of_names] and now - failed < window
        self._waiting[_Waiting(ran, failure, now + window, is_lost)] = None
        self._tell()

    def release(self) -> None:
        """Let go of what waits, without proof: this node stops."""
        for one in tuple(self._waiting):
            self._settle(one, NO_PROOF)

    async def settled(self) -> None:
        """Return when nothing waits."""
        while self._waiting:
            await self._changed.wait()

    async def run(self) -> None:
        """Ask for whatever waits, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._line_ups)
            tasks.start_soon(self._last_resort)
            tasks.start_soon(self._expire)

    # What was seen.

    def _note(self, assignment: Assignment, began: float, outcome: Outcome) -> None:
        self._sightings.note(assignment, began, outcome)
        if not outcome.up:
            return
        resolved = has_resolved(assignment.check, outcome)
        self._reached[False] = max(self._reached[False], began)
        if resolved:
            self._reached[True] = max(self._reached[True], began)
        if self._waiting:  # hardly ever, and to read a URL takes as long as all else here
            self._prove(Reached(assignment.check.host(), began, resolved))

    def _prove(self, reached: Reached) -> None:
        for one in tuple(self._waiting):
            if reached.proves(one.failure):
                self._settle(one, HOST_PROOF)

    def _settle(self, one: _Waiting, proof: str) -> None:
        del self._waiting[one]
        self._on_result(replace(one.ran, proof=proof))
        self._tell()

    def _tell(self) -> None:
        """Wake whoever waits for something to wait, or to be settled."""
        self._changed.set()
        self._changed = anyio.Event()

    # Whom to ask.

    async def _line_ups(self) -> None:
        """One line-up after another, for what no failed one has answered."""
        while True:
            if mine := {one for one in self._waiting if not one.is_lost}:
                await self._line_up(mine)
            else:
                await self._changed.wait()

    async def _line_up(self, mine: set[_Waiting]) -> None:
        """Ask canaries and hosts until all of `mine` are proved, or nobody is left to ask."""
        began = self._clock.now()
        by_name = any(one.failure.of_names for one in mine)
        failing = {one.failure.host for one in self._waiting}
        hosts = self._sightings.line_up(failing, by_name=by_name)
        patience = min(one.ran.assignment.timeout for one in mine) + self._answer_s / 2
        self._answers = {}
        with anyio.move_on_after(patience) as waited:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_proved, mine, tasks.cancel_scope)
                async with anyio.create_task_group() as asking:
                    for assignment in (*self._canaries, *hosts):
                        asking.start_soon(self._ask, assignment)
                tasks.cancel_scope.cancel()
        self._note_canaries(began, is_late=waited.cancelled_caught)
        for of_names in (False, True):
            is_tried = by_name or not of_names or self._reached[False] < began
            if is_tried and self._reached[of_names] < began:
                self._failed[of_names] = began
        for one in self._waiting:
            has_failed = self._failed[one.failure.of_names] == began
            one.is_lost = one.is_lost or has_failed or one in mine
        self._tell()

    def _note_canaries(self, began: float, *, is_late: bool) -> None:
        """What they said in this line-up; who has not answered in time has failed."""
        up = sum(self._answers.values())
        asked = len(self._canaries) if is_late else len(self._answers)
        self._canaries_said = began, up, asked - up

    async def _until_proved(self, mine: set[_Waiting], scope: anyio.CancelScope) -> None:
        while not mine.isdisjoint(self._waiting):
            await self._changed.wait()
        scope.cancel()

    async def _ask(self, assignment: Assignment) -> None:
        began = self._clock.now()
        outcome = await look(self._run, assignment)
        if assignment in self._canaries:
            self._answers[assignment.id] = outcome.up
        if outcome.abstains and assignment in self._canaries and assignment.id not in self._told:
            self._told.add(assignment.id)
            event(
                _log,
                logging.WARNING,
                "a canary cannot be asked, so it proves nothing",
                canary=assignment.name,
                why=outcome.detail,
            )
        self._note(assignment, began, outcome)

    async def _last_resort(self) -> None:
        """Where no line-up helps: whether the leader answers, asked anew for each lot."""
        while True:
            mine = [one for one in self._waiting if one.is_lost]
            if not mine:
                await self._changed.wait()
                continue
            proof = LEADER_PROOF if await self._leader_answers() else NO_PROOF
            for one in mine:
                if one in self._waiting:
                    self._settle(one, proof)

    async def _leader_answers(self) -> bool:
        if self._ask_leader is not None:
            with anyio.move_on_after(self._answer_s / 2):
                return await self._ask_leader()
        return False

    async def _expire(self) -> None:
        """Nothing waits for longer than it may, whatever the asking does."""
        while True:
            now = self._clock.now()
            for one in tuple(self._waiting):
                if one.until <= now:
                    self._settle(one, NO_PROOF)
            soonest = min((one.until for one in self._waiting), default=math.inf)
            with anyio.move_on_after(soonest - now):
                await self._changed.wait()


def _assigned(written: str) -> Assignment:
    check = canary_check(written)
    # As a monitor has it, so that it is run like one; the id is nobody else's.
    return Assignment(
        id=f"canary {written}",
        name=written,
        check=check,
        timeout=_CANARY_TIMEOUT_S,
    )
