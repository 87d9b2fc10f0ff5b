"""What a leader, its follower and the probes tell each other of who is active. Pure.

The follower opens all connections. What the leader answers carries a *token*, which the next poll
brings back: so a poll that lay in a buffer while the leader stood still proves nothing. Probes ask
both, the leader first, and tell each what they saw of the other.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Phase(StrEnum):
    """How far a leader is."""

    ACTIVE = "active"
    WAITING = "waiting"  # for its follower's word, after a start or a standstill
    RETURNING = "returning"  # the follower is active, and gives back
    UNFIT = "unfit"  # its own health is 503


class Poll(Struct, frozen=True, kw_only=True):
    """follower → leader. `token` is that of the answer before."""

    node: str
    epoch: int
    active: bool
    token: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """leader → follower. `epoch` is the highest it knows of."""

    phase: Phase
    epoch: int
    token: str = ""


class Sighting(Struct, frozen=True, kw_only=True):
    """probe → one of the two, about the other: when it answered last, on the clock of who is told.

    `active` says that it was at work (a 200); a leader that waits for its follower's word is not,
    but is up.
    """

    at: float
    active: bool
    epoch: int
    waits: bool = False
    by: str = ""


class Pace(Struct, frozen=True, kw_only=True):
    """The time constants of an election, in seconds; `misses` is a count.

    `beat` how often the follower polls, and probes ask both; `misses` how many polls in a row fail
    before it promotes itself; `stall` after how long a loop that stood still, or a leader that was
    unfit, no longer trusts what it knew; `wait` how long a leader waits for its follower's word;
    `word` how long what a probe saw counts; `fresh` how long a token is good.
    """

    beat: float = 5.0
    misses: int = 3
    stall: float = 4.0
    wait: float = 12.0
    word: float = 12.0
    fresh: float = 3.0
    hold: float = 60.0
