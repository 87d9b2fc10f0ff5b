"""How a follower sees its leader, for people: each turn is logged once, and kept for the reasons."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from uptop_leader.election.reasons import UNREACHABLE, Troubles, is_held_back

if TYPE_CHECKING:
    from uptop_leader.election.following import Following

log = logging.getLogger(__name__)


class Outlook:
    """What has not gone as it should, up to now."""

    def __init__(self) -> None:
        self._away_since: float | None = None
        self._refused = ""
        self._barred = ""
        self._is_held_back = False

    def troubles(self, bar: str) -> Troubles:
        """All of it; `bar` forbids a take-over where nothing has until now."""
        return Troubles(
            away_since=self._away_since, refused=self._refused, barred=self._barred or bar
        )

    def missed(self, now: float) -> None:
        """The leader did not answer."""
        if self._away_since is None:
            self._away_since = now
            log.warning("the leader does not answer")

    def refused(self, why: str) -> None:
        """The leader, or something else at its URL, said what is no answer."""
        if why != self._refused:
            log.error("no follower of this leader: %s", why)
        self._refused = why

    def answered(self) -> None:
        """The leader answered."""
        if self._away_since is not None:
            log.info("the leader answers again")
        self._away_since, self._refused, self._is_held_back = None, "", False

    def barred(self, why: str) -> None:
        """Why it did not take over; empty when nothing barred it."""
        if why and why != self._barred:
            log.error("not taking over: %s", why)
        self._barred = why

    def looked(self, state: Following, now: float) -> None:
        """Whether a probe's word is what keeps it from taking over."""
        is_held_back_now = is_held_back(state, now)
        if is_held_back_now and not self._is_held_back:
            seen_by = state.seen_by or "a probe"
            log.warning("not taking over: the leader is %s %s", UNREACHABLE, seen_by)
        self._is_held_back = is_held_back_now
