"""What people were told of a monitor, and what keeps them from being told: part of its state."""

from __future__ import annotations

from msgspec import Struct


class Telling(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What people were told of one monitor. Times are Unix seconds.

    `said` is when the open incident was last told, as a DOWN or a reminder. `alert` is the event
    that was told under the monitor's own name and is not over yet: a status that is switched on,
    or flapping. `moves` are the changes told lately; `flapping` is since when they are told no
    more, `moved` the last one since then.
    """

    said: float | None = None
    alert: str = ""
    moves: tuple[float, ...] = ()
    flapping: float | None = None
    moved: float | None = None


class Hold(Struct, frozen=True, kw_only=True):
    """Why the beginning of an incident is not told now.

    `why` stands on the incident; `until` is when time alone ends it (Unix seconds), None where
    something else must happen; `child_of` is the incident that is to blame.
    """

    why: str
    until: float | None = None
    child_of: str | None = None
