"""Cron expressions with a time zone: the moments at which a push job is due. Pure.

Evaluated by cronsim, which treats changes to daylight-saving time as Debian's cron does: a job at a
time that the clock skips is due right after the gap, one at a time that it shows twice is due once,
and one that runs every so many minutes or hours goes by elapsed time. Imported when one is needed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_leader.zones import zone

if TYPE_CHECKING:
    from cronsim import CronSim

_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = "minute, hour, day of month, month and day of week, as in 30 2 * * 1-5"
_LONGEST = timedelta(days=366)
_A_SUNDAY = datetime(2023, 1, 1, tzinfo=UTC)


def problem(expression: str) -> str | None:
    """What is wrong with an expression, or None. Its moments are at most 366 days apart."""
    from cronsim import CronSimError

    shown = escape(expression, 60)
    if expression.strip().startswith("@") and expression.strip().lower() not in _SHORT:
        return f"there is no '{shown}': known are {', '.join(_SHORT)}"
    written = _SHORT.get(expression.strip().lower(), expression)
    if len(written.split()) != 5:
        return f"'{shown}' is not five fields: {_FIELDS}"
    try:
        moments = _moments(expression, _A_SUNDAY)
        first = next(moments, None)
    except CronSimError as error:
        return f"'{shown}' is no cron expression: {str(error).lower()}; write {_FIELDS}"
    second = next(moments, None)
    if first is None or second is None:
        return f"'{shown}' never comes true"
    if second - first > _LONGEST:
        return f"'{shown}' comes true less often than once a year"
    return None


@lru_cache(maxsize=4096)
def due(expression: str, timezone: str, after: float) -> tuple[float, float]:
    """The first moment after `after` and the one before that, both in Unix seconds.

    Their distance is the interval: for how long a job was to be silent at the most.
    """
    where = zone(timezone)
    moment = next(_moments(expression, datetime.fromtimestamp(after, UTC).astimezone(where)))
    before = next(_moments(expression, moment, back=True))
    return moment.timestamp(), before.timestamp()


def _moments(expression: str, start: datetime, *, back: bool = False) -> CronSim:
    from cronsim import CronSim

    written = _SHORT.get(expression.strip().lower(), expression)
    return CronSim(written, start, reverse=back)
