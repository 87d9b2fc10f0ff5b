"""Proof of line (DESIGN 7): was it the target that failed, or this node's own line? Pure.

A network failure alone cannot tell. What can is another host that is reached *after* the failure:
then the line works. Here is what was seen of which host, what proves what, and whom to ask; asking
is the business of `line_ups`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.checks.dns import DnsCheck
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from uptop_core.check import Check
    from uptop_core.outcomes import Outcome
    from uptop_core.wire import Assignment

HOSTS_NEEDED = 3  # with fewer a node has too little to look at, and needs no proof
LINE_UP = 2  # hosts that are asked at once


class Failure(Struct, frozen=True):
    """A network failure of `host`, known at `at` (seconds of `Clock.now`). One of names
    (`of_names`) is disproved only by a name that was resolved.
    """

    host: str | None
    at: float
    of_names: bool = False


class Reached(Struct, frozen=True):
    """A host that was reached by a check begun at `began`; `resolved` if that took a name."""

    host: str | None
    began: float
    resolved: bool = False

    def proves(self, failure: Failure) -> bool:
        """Whether the line worked after `failure`, so that it was the target that failed."""
        return (
            self.began >= failure.at
            and (self.host is None or self.host != failure.host)
            and (self.resolved or not failure.of_names)
        )


def is_about_names(check: Check, outcome: Outcome) -> bool:
    """Whether a failure may be that of the system's resolver and nothing else."""
    return outcome.reason is Reason.DNS_ERROR or _asks_resolver(check)


def has_resolved(check: Check, outcome: Outcome) -> bool:
    """Whether the system's resolver has answered in a check that succeeded."""
    return outcome.timings.dns_ns is not None or _asks_resolver(check)


def _asks_resolver(check: Check) -> bool:
    return isinstance(check, DnsCheck) and not check.dns_server


class _Seen(Struct, frozen=True):
    monitor: str
    began: float
    up: bool
    resolved: bool


class Sightings:
    """What a node last saw of each host among its assignments."""

    def __init__(self) -> None:
        self._assigned: dict[str, Assignment] = {}
        # By monitor: to read a URL after each look would cost a tenth of the look.
        self._hosts: dict[str, str | None] = {}
        self._monitors: dict[str, str] = {}  # host -> one of its monitors
        self._seen: dict[str, _Seen] = {}  # by host

    @property
    def hosts(self) -> int:
        """How many distinct hosts there are."""
        return len(self._monitors)

    def update(self, assignments: Iterable[Assignment]) -> None:
        """From now on these are the assignments."""
        self._assigned = {assignment.id: assignment for assignment in assignments}
        self._hosts = {each.id: each.check.host() for each in self._assigned.values()}
        self._monitors = {}
        for monitor_id, host in self._hosts.items():
            if host is not None:
                self._monitors.setdefault(host, monitor_id)
        self._seen = {
            host: seen
            for host, seen in self._seen.items()
            if seen.monitor in self._assigned and host in self._monitors
        }

    def note(self, assignment: Assignment, began: float, outcome: Outcome) -> None:
        """A check has ended. Of two of one host the one begun last counts."""
        planned = self._assigned.get(assignment.id)
        if planned is None or outcome.abstains:
            return
        # What was begun before a change of the check has looked at the host of that time.
        is_same = planned is assignment
        host = self._hosts[assignment.id] if is_same else assignment.check.host()
        if host is None:
            return
        before = self._seen.get(host)
        if before is None or before.began <= began:
            resolved = outcome.up and has_resolved(assignment.check, outcome)
            self._seen[host] = _Seen(assignment.id, began, outcome.up, resolved)

    def line_up(self, without: Collection[str | None], *, by_name: bool) -> list[Assignment]:
        """Whom to ask: two hosts last seen up, the latest first, none of them in `without`; with
        `by_name` those reached by name come first. Hosts never seen yet fill up.
        """
        up = [
            (host, seen)
            for host, seen in self._seen.items()
            if seen.up and host not in without and seen.monitor in self._assigned
        ]
        up.sort(key=lambda one: (by_name and one[1].resolved, one[1].began), reverse=True)
        chosen = [seen.monitor for _, seen in up[:LINE_UP]]
        unseen = (
            monitor
            for host, monitor in self._monitors.items()
            if host not in self._seen and host not in without
        )
        for monitor in unseen:
            if len(chosen) >= LINE_UP:
                break
            chosen.append(monitor)
        return [self._assigned[monitor] for monitor in chosen]
