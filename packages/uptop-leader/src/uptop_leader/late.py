"""Steps 8 and 9 for the past: results that came too late to vote → what was, while nobody could say.

In: the looks of all nodes at one monitor over some time, in order, and its rules. Out: when it was
known to be up or down, and its outages. Nothing here moves a belief: only time in which the judge
was away, or had too few votes, is filled in from it, and nobody is told. Pure.

The rules are those of live votes as far as the past allows: freshness, quorum, strategy, proof of
line, and the confirmation of a change. There were no rechecks then, so that regular looks are what
confirms; and how long a node was silent is told by its looks alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.verdicts import Strategy, Tally, Verdict, decide, strategies
from uptop_core.votes import Vote, fresh_for
from uptop_leader.ballots import reason_words
from uptop_leader.changes import Bearing
from uptop_leader.store.intervals import Intervals, intersect, subtract, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uptop_core.monitors import Monitor
    from uptop_core.outcomes import Reason


class Look(Struct, frozen=True, gc=False):
    """One result of the past: whose, when (Unix milliseconds), and what it said (None: up)."""

    node: str
    at_ms: int
    reason: Reason | None
    bearing: Bearing = Bearing.FULL
    latency_ns: int = 0

    @property
    def abstains(self) -> bool:
        """Whether it says nothing about the target."""
        silent = self.reason is not None and self.reason.abstains
        return silent or self.bearing in (Bearing.ISOLATED, Bearing.UNPLACED)


class Outage(Struct, frozen=True, kw_only=True):
    """A confirmed DOWN of the past, Unix milliseconds, with the votes that confirmed it."""

    since_ms: int
    until_ms: int
    confirmed_ms: int
    reasons: str
    evidence: tuple[Vote, ...]


class Past(Struct, frozen=True):
    """What is known of some time: when the monitor was up, when down, and the outages."""

    up: Intervals
    down: Intervals
    outages: tuple[Outage, ...]


class Pace(Struct, frozen=True, kw_only=True):
    """The times a past is judged by, in milliseconds.

    `fresh` is how long a look counts, `silence` how long after that its node is still expected,
    `unknown` how long nothing may be known before that shows.
    """

    fresh: int
    silence: int
    unknown: int


def pace_of(monitor: Monitor, silence_s: float, unknown_s: float) -> Pace:
    """The pace of a monitor; the two constants are those of the judge."""
    return Pace(
        fresh=round(fresh_for(monitor) * 1000),
        silence=round(silence_s * 1000),
        unknown=round(max(3 * monitor.interval, unknown_s) * 1000),
    )


def past_of(
    monitor: Monitor, strategy: str, pace: Pace, looks: Sequence[Look], until_ms: int
) -> Past:
    """What `looks`, in the order of time, tell of the time until `until_ms`.

    `strategy` is that of monitors without their own. Looks from before the time that is wanted
    belong to it: without them its beginning is not known.
    """
    judge = _Judge(monitor, monitor.aggregation or strategy, pace)
    for index, look in enumerate(looks):
        judge.take(look)
        following = looks[index + 1].at_ms if index + 1 < len(looks) else until_ms
        judge.pass_time(look.at_ms, min(following, until_ms))
    known = _filled(judge.known, pace.unknown)
    outages = tuple(judge.outages(until_ms))
    down = intersect(known, union((outage.since_ms, outage.until_ms) for outage in outages))
    return Past(subtract(known, down), down, outages)


class _Change(Struct):
    """A change of belief that is not confirmed yet: since when, and which round is under way."""

    first_ms: int
    began_ms: int
    earlier: frozenset[str]
    lost: int = 0


class _Judge:
    """Follows the looks. A monitor is believed up until a DOWN is confirmed."""

    def __init__(self, monitor: Monitor, strategy: str, pace: Pace) -> None:
        self.known: list[tuple[int, int]] = []
        self._monitor = monitor
        self._strategy = strategy
        self._pace = pace
        self._newest: dict[str, Look] = {}
        self._spoke: dict[str, int] = {}  # when each node last said something
        self._is_down = False
        self._change: _Change | None = None
        self._outages: list[Outage] = []

    def take(self, look: Look) -> None:
        """The newest look of a node."""
        if look.bearing is Bearing.UNPLACED:
            return
        self._newest[look.node] = look
        if look.abstains:
            return
        self._spoke[look.node] = look.at_ms
        fresh = self._fresh(look.at_ms)
        verdict = self._verdict(fresh, look.at_ms)
        if verdict is (Verdict.DOWN if self._is_down else Verdict.UP):
            self._change = None
        elif verdict is (Verdict.UP if self._is_down else Verdict.DOWN):
            self._doubt(fresh, look.at_ms)

    def _doubt(self, fresh: list[Look], at_ms: int) -> None:
        """The verdict contradicts what is believed: open a change, or see whether it is confirmed.

        In a round a vote against the belief counts only if it was given after its beginning, and
        where one suffices only from a node that had spoken against before it.
        """
        against = [look for look in fresh if (look.reason is None) is self._is_down]
        change, rounds = self._change, self._rounds(at_ms)
        if change is None:
            first_ms = min(look.at_ms for look in against)
            change = _Change(first_ms, at_ms, frozenset(look.node for look in against))
            self._change = change
        else:
            picky = self._rule().one_suffices and not self._is_down
            counted = [
                look
                for look in fresh
                if look not in against
                or (look.at_ms > change.began_ms and (not picky or look.node in change.earlier))
            ]
            if self._verdict(counted, at_ms) is (Verdict.UP if self._is_down else Verdict.DOWN):
                change.lost, change.began_ms = change.lost + 1, at_ms
                change.earlier |= {look.node for look in against}
        if change.lost >= rounds:
            self._turn(change.first_ms, at_ms, fresh)

    def _turn(self, first_ms: int, at_ms: int, fresh: list[Look]) -> None:
        self._is_down, self._change = not self._is_down, None
        if self._is_down:
            evidence = tuple(_vote(look) for look in fresh)
            self._outages.append(
                Outage(
                    since_ms=first_ms,
                    until_ms=first_ms,
                    confirmed_ms=at_ms,
                    reasons=reason_words(evidence),
                    evidence=evidence,
                )
            )
        else:
            self._end(first_ms)

    def _end(self, at_ms: int) -> None:
        last = self._outages[-1]
        self._outages[-1] = Outage(
            since_ms=last.since_ms,
            until_ms=max(last.since_ms, at_ms),
            confirmed_ms=last.confirmed_ms,
            reasons=last.reasons,
            evidence=last.evidence,
        )

    def outages(self, until_ms: int) -> Iterator[Outage]:
        """The outages; one that lasts lasts until the end."""
        if self._is_down:
            self._end(until_ms)
        yield from (outage for outage in self._outages if outage.since_ms < outage.until_ms)

    def pass_time(self, since_ms: int, until_ms: int) -> None:
        """No look comes between these moments, but votes grow old: note when enough are fresh."""
        ends = {
            moment
            for spoke_ms in (*(look.at_ms for look in self._newest.values()), *self._spoke.values())
            for moment in (
                spoke_ms + self._pace.fresh,
                spoke_ms + self._pace.fresh + self._pace.silence,
            )
            if since_ms < moment < until_ms
        }
        moments = [since_ms, *sorted(ends), until_ms]
        for start, end in pairwise(moments):
            if start < end and self._verdict(self._fresh(start), start) is not Verdict.UNKNOWN:
                if self.known and self.known[-1][1] == start:
                    self.known[-1] = (self.known[-1][0], end)
                else:
                    self.known.append((start, end))

    def _fresh(self, at_ms: int) -> list[Look]:
        """The looks that count at a moment; who could reach the leader only is set aside where
        another node sees it up.
        """
        oldest = at_ms - self._pace.fresh
        fresh = [
            look for look in self._newest.values() if look.at_ms > oldest and not look.abstains
        ]
        if any(look.reason is None for look in fresh):
            return [look for look in fresh if look.reason is None or look.bearing is Bearing.FULL]
        return fresh

    def _expected(self, at_ms: int) -> set[str]:
        oldest = at_ms - self._pace.fresh - self._pace.silence
        return {node for node, spoke_ms in self._spoke.items() if spoke_ms > oldest}

    def _verdict(self, fresh: Iterable[Look], at_ms: int) -> Verdict:
        votes = list(fresh)
        down = sum(look.reason is not None for look in votes)
        expected = self._expected(at_ms)
        tally = Tally(expected=len(expected), fresh=len(votes), down=down)
        verdict = decide(tally, self._strategy, self._monitor.min_votes)
        if verdict is Verdict.UP and self._is_down and self._rule().one_suffices:
            said = (self._newest[node] for node in expected)
            owed = any(look.reason is not None and not look.abstains for look in said)
            return Verdict.UNKNOWN if owed else verdict
        return verdict

    def _rule(self) -> Strategy:
        return strategies()[self._strategy]

    def _rounds(self, at_ms: int) -> int:
        if self._monitor.max_retries is not None:
            return self._monitor.max_retries
        return 2 if len(self._expected(at_ms)) == 1 else 1


def _vote(look: Look) -> Vote:
    return Vote(
        node=look.node,
        observed=look.at_ms / 1000,
        up=look.reason is None,
        reason=look.reason,
        latency_ns=look.latency_ns,
    )


def _filled(known: Iterable[tuple[int, int]], bound_ms: int) -> Intervals:
    """What is known, with the pauses that would not have shown while they lasted."""
    filled: Intervals = []
    for start, end in union(known):
        if filled and start - filled[-1][1] < bound_ms:
            filled[-1] = (filled[-1][0], end)
        else:
            filled.append((start, end))
    return filled
