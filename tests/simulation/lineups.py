"""Proof of line at a simulated node: the pure part is the real one (`uptop_core.line`), the asking
follows `uptop_core.line_ups` under virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from uptop_core.line import HOSTS_NEEDED, Failure, Reached, Sightings, has_resolved, is_about_names
from uptop_core.wire import HOST_PROOF, LEADER_PROOF, NO_PROOF

if TYPE_CHECKING:
    from tests.simulation.machines import Machine
    from uptop_core.outcomes import Outcome
    from uptop_core.wire import Assignment

_ANSWER_S = 5.0  # beyond the timeout
_LEADER_S = 0.05  # how long a new connection to the leader takes

Finding = tuple[float, "Outcome"]
"""How long a check takes, and what it finds."""
Tell = Callable[[float, str | None], None]


class _Waiting:
    """A failure that waits for proof. `tell` takes the moment and the proof."""

    def __init__(self, failure: Failure, tell: Tell) -> None:
        self.failure = failure
        self.tell = tell


class Line:
    """The line of one node. `look` begins a check now; `has_leader` tells whether the leader
    answers at a moment."""

    def __init__(
        self,
        machine: Machine,
        timeout: float,
        look: Callable[[Assignment, float], Finding],
        has_leader: Callable[[float], bool],
    ) -> None:
        self._machine = machine
        self._patience = timeout + _ANSWER_S
        self._look = look
        self._has_leader = has_leader
        self._sightings = Sightings()
        self._waiting: dict[_Waiting, None] = {}
        self._is_lined_up = False
        self._failed = [-1.0, -1.0]  # when the last line-up that failed began; of names
        self._reached = [-1.0, -1.0]  # when the last check that reached somebody did

    def update(self, assignments: Iterable[Assignment]) -> None:
        """From now on these are the assignments."""
        self._sightings.update(assignments)

    def take(self, assignment: Assignment, began: float, outcome: Outcome, at: float,
             tell: Tell) -> None:  # fmt: skip
        """A check has ended at `at`: tell what its result is worth, at once or with its proof."""
        self._note(assignment, began, outcome, at)
        reason = outcome.reason
        if reason is None or not reason.is_network or self._sightings.hosts < HOSTS_NEEDED:
            tell(at, None)
            return
        of_names = is_about_names(assignment.check, outcome)
        waiting = _Waiting(Failure(assignment.check.host(), at, of_names), tell)
        self._waiting[waiting] = None
        failed = self._failed[of_names]
        if failed > self._reached[of_names] and at - failed < self._patience:
            self._ask_leader([waiting], at)
            return
        self._machine.at(at + self._patience, lambda then: self._settle(waiting, then, NO_PROOF))
        if not self._is_lined_up:
            self._line_up(at)

    def _note(self, assignment: Assignment, began: float, outcome: Outcome, at: float) -> None:
        self._sightings.note(assignment, began, outcome)
        if not outcome.up:
            return
        resolved = has_resolved(assignment.check, outcome)
        self._reached[False] = max(self._reached[False], began)
        if resolved:
            self._reached[True] = max(self._reached[True], began)
        if self._waiting:
            reached = Reached(assignment.check.host(), began, resolved)
            for waiting in [one for one in self._waiting if reached.proves(one.failure)]:
                self._settle(waiting, at, HOST_PROOF)

    def _settle(self, waiting: _Waiting, at: float, proof: str) -> None:
        if waiting in self._waiting:
            del self._waiting[waiting]
            waiting.tell(at, proof)

    def _line_up(self, at: float) -> None:
        """Ask two hosts for all that wait; the first that answers is enough."""
        mine = set(self._waiting)
        by_name = any(one.failure.of_names for one in mine)
        failing = {one.failure.host for one in mine}
        self._is_lined_up = True
        last = at
        for assignment in self._sightings.line_up(failing, by_name=by_name):
            took, outcome = self._look(assignment, at)
            last = max(last, at + took)
            self._machine.at(at + took, self._asked(assignment, at, outcome))
        self._machine.at(last, lambda then: self._ended(mine, at, by_name, then))

    def _asked(
        self, assignment: Assignment, began: float, outcome: Outcome
    ) -> Callable[[float], None]:
        return lambda at: self._note(assignment, began, outcome, at)

    def _ended(self, mine: set[_Waiting], began: float, by_name: bool, at: float) -> None:
        self._is_lined_up = False
        for of_names in (False, True):
            is_tried = by_name or not of_names or self._reached[False] < began
            if is_tried and self._reached[of_names] < began:
                self._failed[of_names] = began
        lost = [
            one
            for one in self._waiting
            if one in mine or self._failed[one.failure.of_names] == began
        ]
        if lost:
            self._ask_leader(lost, at)
        if len(self._waiting) > len(lost):
            self._line_up(at)

    def _ask_leader(self, lost: list[_Waiting], at: float) -> None:
        """No host has answered: what the leader's answer is worth is all there is."""

        def answered(then: float) -> None:
            proof = LEADER_PROOF if self._has_leader(then) else NO_PROOF
            for waiting in lost:
                self._settle(waiting, then, proof)

        self._machine.at(at + _LEADER_S, answered)
