"""push: up means that a heartbeat arrived in time. Judged by the leader when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem


class PushCheck(Check, tag="push", frozen=True, kw_only=True, omit_defaults=True):
    """A job tells that it is alive: PENDING, UP, LATE after the interval, DOWN after the grace.

    `token` is the secret part of the address that the job calls; if empty, the leader makes one.
    With `cron` (five fields, read in the local time of `timezone`, default UTC) the job is due at
    these times instead, and the interval is the time between two of them. `grace` is in seconds;
    the default is half of the interval, at least 60.
    """

    example: ClassVar[str] = "interval: 86400, grace: 2h"

    runs: ClassVar[bool] = False
    secrets: ClassVar[tuple[str, ...]] = ("token",)

    token: str = ""
    cron: Annotated[str, Meta(max_length=200)] = ""
    timezone: Annotated[str, Meta(max_length=100)] = ""
    grace: Annotated[float, Meta(ge=0, le=366 * 86_400)] | None = None

    def effective_grace(self, interval_s: float) -> float:
        """The grace in seconds: as written, else max(interval / 2, 60)."""
        return self.grace if self.grace is not None else max(interval_s / 2, 60.0)

    def problems(self) -> Iterator[Problem]:
        """Conditions have nothing to look at here, and a time zone is that of a cron expression."""
        from uptop_core.errors import Problem

        if self.conditions:
            yield Problem("conditions", "a push monitor has none")
        if self.timezone and not self.cron:
            yield Problem("timezone", "is that of cron, and there is none")
