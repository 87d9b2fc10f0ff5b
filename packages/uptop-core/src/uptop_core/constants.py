"""The time constants of the system (`UPTOP_TIMINGS`): one set for all nodes of a cluster.

The defaults are what the rules are made for; tests and special networks change them. What must
hold between them is checked at start.
"""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from uptop_core.forms import Form

if TYPE_CHECKING:
    from collections.abc import Iterator


class TimeConstants(Struct, frozen=True, kw_only=True):
    """Seconds, except `misses`, which is a count.

    Between nodes: `poll` how long a leader holds a probe's question for assignments; `instance`
    how long an instance counts as live after it was heard; `offline` after how long unheard a node
    is offline; `told` after how long that is told; `silence` after how long a silent node leaves
    the expected ones; `take_over` after how long without a probe the leader checks itself.
    Of a probe: `flush` how long a result waits for company; `ring` how long acknowledged results
    are kept. Checks: `soon` within how long a new monitor is first checked.
    Judging: `answer` how long beyond the timeout a round waits; `unknown` the least time of no
    verdict before the status is UNKNOWN.
    Telling: `digest` within how long messages to one channel become a list; `claim` how long a
    worker holds a notification; `fallback` how long a channel may fail before its fallback channel
    is told too; `quiet` for how long at least a monitor that was flapping must not change before
    it is told how it stands; `deadman` how often the dead man's switch is pinged.
    Leading: `heartbeat` how old the newest write of a healthy store may be; `beat` how often a
    follower polls and a lease is renewed; `misses` how many polls in a row fail before promotion;
    `fence` and `lease` when a holder stops and when another may take over. Of a leader that has a
    follower: `stall` after how long a loop that stood still no longer trusts what it knew, `wait`
    how long it waits for its follower's word, `word` how long what a probe saw of either counts,
    `fresh` how long the token of an answer is good, `hold` how long it must be up before it is
    handed back to from the third fail-over in an hour on.
    """

    poll: float = 10.0
    instance: float = 20.0
    offline: float = 60.0
    told: float = 120.0
    silence: float = 300.0
    take_over: float = 60.0
    flush: float = 1.0
    ring: float = 900.0
    soon: float = 30.0
    answer: float = 5.0
    unknown: float = 300.0
    digest: float = 10.0
    claim: float = 60.0
    fallback: float = 300.0
    quiet: float = 600.0
    deadman: float = 60.0
    heartbeat: float = 15.0
    beat: float = 5.0
    misses: int = 3
    fence: float = 12.0
    lease: float = 15.0
    stall: float = 4.0
    wait: float = 12.0
    word: float = 12.0
    fresh: float = 3.0
    hold: float = 60.0


_NAMES = tuple(field.name for field in msgspec.structs.fields(TimeConstants))
_EXAMPLE = f"pairs such as poll=1 offline=6; the names are {' '.join(_NAMES)}"

# (what must not be less, how many times, than what, why)
_RELATIONS = (
    ("instance", 2.0, "poll", "an instance is heard once per poll"),
    ("offline", 1.0, "instance", "a node that is live is not offline"),
    ("told", 1.0, "offline", "a node is told to be offline after it is"),
    ("silence", 1.0, "offline", "a silent node is offline before it is counted out"),
    ("take_over", 1.0, "instance", "a probe that is live is not taken over from"),
    ("poll", 1.0, "flush", "results go out more often than questions"),
    ("fence", 2.0, "beat", "a lease is renewed before its holder must stop"),
    ("wait", 2.0, "beat", "a follower, or a probe, has its say before a leader acts"),
    ("word", 2.0, "beat", "a probe's word counts until its next one"),
    ("word", 2.0, "stall", "a leader that stood still has stopped before a word is forgotten"),
    ("beat", 1.0, "fresh", "a token is old before its follower can have promoted itself"),
)


def _problems(constants: TimeConstants) -> Iterator[str]:
    for name, times, other, why in _RELATIONS:
        value, bound = getattr(constants, name), getattr(constants, other)
        if value < times * bound:
            factor = f"{times:g} x " if times != 1 else ""
            yield (f"{name}={value:g} must be at least {factor}{other} ({times * bound:g}): {why}")
    if constants.lease <= constants.fence:
        yield (
            f"lease={constants.lease:g} must be more than fence ({constants.fence:g}):"
            " a holder stops before another takes over"
        )


def _number(name: str, written: str) -> float | int:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    is_count = name == "misses"
    if not 0 < value <= 366 * 86_400 or (is_count and value != int(value)):
        kind = "a whole number above 0" if is_count else "seconds above 0"
        raise ValueError(f"{name}={written} must be {kind}")
    return int(value) if is_count else value


def parse_constants(written: str) -> TimeConstants:
    """The constants of `name=value name=value`; what is not named keeps its default.

    Raises ValueError with a sentence for an unknown name, a value that is no time, or values that
    do not fit together.
    """
    values: dict[str, float | int] = {}
    for pair in written.split():
        name, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(_EXAMPLE)
        if name not in _NAMES:
            nearest = difflib.get_close_matches(name, _NAMES, n=1)
            hint = f", did you mean {nearest[0]}?" if nearest else f": known are {' '.join(_NAMES)}"
            raise ValueError(f"there is no {name!r}{hint}")
        values[name] = _number(name, value)
    constants = TimeConstants(**values)  # type: ignore[arg-type]  # by name, checked above
    if problems := list(_problems(constants)):
        raise ValueError("; ".join(problems))
    return constants


def write_constants(constants: TimeConstants) -> str:
    """What differs from the defaults, as `parse_constants` reads it."""
    usual = TimeConstants()
    pairs = ((name, getattr(constants, name), getattr(usual, name)) for name in _NAMES)
    return " ".join(f"{name}={value:g}" for name, value, default in pairs if value != default)


def time_constants() -> Form[TimeConstants]:
    """The form of the setting `timings`."""
    return Form(_EXAMPLE, parse_constants, write_constants)
