"""A monitor: what is watched, how often, from which regions, who must agree, whom to tell."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from uptop_core.kinds import AnyCheck

Interval = Annotated[float, Meta(ge=1, le=366 * 86_400)]

# What notifies by default (DESIGN 9): DOWN, the recovery, and UNKNOWN once per cause.


class NotifySwitches(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which statuses of a monitor make notifications; recovery follows what was told."""

    down: bool = True
    unknown: bool = True
    partial: bool = False
    degraded: bool = False
    late: bool = False
    cert: bool = True


class Monitor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is watched. Times are in seconds.

    `id` is a UUID that survives a rename; `name` is unique. `timeout` and `max_retries` left out
    take their defaults (`effective_timeout`; 1 confirm round, or 2 while one node alone votes).
    `regions` empty means every node. `channels` and `depends_on` and `parent` hold ids.
    """

    id: str
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    check: AnyCheck
    interval: Interval = 60.0
    timeout: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    max_retries: Annotated[int, Meta(ge=0, le=100)] | None = None
    retry_interval: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0
    regions: tuple[str, ...] = ()
    aggregation: str | None = None
    min_votes: Annotated[int, Meta(ge=1, le=1000)] = 1
    channels: tuple[str, ...] = ()
    parent: str | None = None
    depends_on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    runbook: str = ""
    paused: bool = False
    notify: NotifySwitches = NotifySwitches()
    remind_every: Annotated[float, Meta(ge=60)] | None = None
    keep_body: bool = False

    @property
    def effective_timeout(self) -> float:
        """The timeout in seconds: as written, else what is usual for its kind, within the interval."""
        if self.timeout is not None:
            return self.timeout
        return min(self.check.usual_timeout_s(), self.interval)

    @property
    def kind(self) -> str:
        """The kind of its check."""
        return self.check.kind()

    def runs_in(self, region: str) -> bool:
        """Whether a node of `region` is to run it: its regions, or all when it names none."""
        return self.check.runs and (not self.regions or region.lower() in self.regions)
