"""Tables of results and what they come to, and of when this leader ran."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from uptop_leader.store.rows import Row, moment, number


class SeriesRow(Row, table=True):
    """A monitor seen from a node, as the small number that results carry."""

    __table_args__ = (UniqueConstraint("monitor", "node"),)
    id: int | None = Field(default=None, primary_key=True)
    monitor: str
    node: str


class ResultRow(Row, table=True):
    """A raw result; `reason` is a code of `codes.py`, 0 for up. In PostgreSQL in parts by the hour
    (`dialects/partitions.py`), as packs are by the day.
    """

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    time_ms: int = moment(primary_key=True)
    series: int = Field(primary_key=True)
    latency_us: int = moment()
    reason: int


class StragglerRow(Row, table=True):
    """A raw result that came when its hour was being sealed or was: see `sealing`."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    time_ms: int = moment(primary_key=True)
    series: int = Field(primary_key=True)
    latency_us: int = moment()
    reason: int


class PackRow(Row, table=True):
    """The raw results of a series within an hour (`packs.py`). `place` is the hour and the series
    in one number: with a key of two, SQLite would keep no more than 1 002 bytes of a row together.
    """

    place: int | None = number()
    data: bytes


class _Rollup(Row):
    """What the results of a series in one bucket come to; latencies are those of up results.

    `seen_ms` is for how long they speak of the target, `down_ms` the part of it that is down.
    """

    bucket_ms: int = moment(primary_key=True)
    series: int = Field(primary_key=True)
    count: int
    down: int
    seen_ms: int = moment()
    down_ms: int = moment()
    sum_us: int = moment()
    min_us: int | None = moment(default=None)
    max_us: int | None = moment(default=None)
    sketch: bytes


class RollupFiveRow(_Rollup, table=True):
    """Results of five minutes."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}


class RollupHourRow(_Rollup, table=True):
    """Results of an hour."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}


class RollupDayRow(_Rollup, table=True):
    """Results of a day, UTC."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}


class DirtyRow(Row, table=True):
    """A bucket whose rollup is not (or no longer) what its results come to; `mark` counts how
    often that was said, so that a result that arrives during the roll-up is not overlooked.
    """

    level: str = Field(primary_key=True)
    bucket_ms: int = moment(primary_key=True)
    mark: int


class DaysRow(Row, table=True):
    """128 days of a monitor from `start_ms` on, as `day_blocks.py` has them."""

    start_ms: int = moment(primary_key=True)
    monitor: str = Field(primary_key=True)
    data: bytes


class DaySpansRow(Row, table=True):
    """The observed and the down time of a day that was not the same throughout."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    day_ms: int = moment(primary_key=True)
    monitor: str = Field(primary_key=True)
    data: bytes


class StaleRow(Row, table=True):
    """A monitor, or all where it is empty, whose days from `since_ms` on are to be counted anew;
    `mark` counts how often that was said.
    """

    monitor: str = Field(primary_key=True)
    since_ms: int = moment()
    mark: int


class GapRow(Row, table=True):
    """A time in which this leader did not run."""

    since_ms: int = moment(primary_key=True)
    until_ms: int = moment()


class LateRow(Row, table=True):
    """What results that came too late have told of a time that nobody had judged."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    monitor: str = Field(primary_key=True)
    since_ms: int = moment(primary_key=True)
    until_ms: int = moment()
    down: bool


class ReplayRow(Row, table=True):
    """A monitor whose past is to be judged, since late results of that time have come in; `mark`
    counts how often that was said, the first time at `marked_ms`.
    """

    monitor: str = Field(primary_key=True)
    since_ms: int = moment()
    until_ms: int = moment()
    marked_ms: int = moment()
    mark: int


class HeartbeatRow(Row, table=True):
    """One row that says when the store was last written."""

    id: int = Field(primary_key=True)
    at_ms: int = moment()
