"""The tables. Rows stay in this package: outside of it there are values only.

Times are integer milliseconds UTC. Columns named `data` hold a whole value as msgpack; the columns
beside it are there to be asked for. What must exist is made by `migrations`, and a test compares.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, MetaData, UniqueConstraint, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "fk": "%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "%(table_name)s_key",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")


def _moment(**options: Any) -> Any:
    return Field(sa_type=BigInteger, **options)


def _number() -> Any:
    return Field(default=None, primary_key=True, sa_type=_Number)


class Row(SQLModel):
    """A row of the table named like the class without `Row`, in snake case."""

    metadata: ClassVar[MetaData] = METADATA

    @declared_attr  # type: ignore[arg-type]  # a name is no column, as the docs have it
    def __tablename__(cls) -> str:
        name = cls.__name__.removesuffix("Row")
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


class MetaRow(Row, table=True):
    """Single facts: cluster, config_version, epoch, and from when each history is kept."""

    key: str = Field(primary_key=True)
    value: str


class MonitorRow(Row, table=True):
    """A monitor as set up, secrets sealed. A deleted one stays for its history, its name free."""

    __table_args__ = (
        Index(
            "monitor_name",
            "name",
            unique=True,
            sqlite_where=text("deleted_ms IS NULL"),
            postgresql_where=text("deleted_ms IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    name: str
    kind: str
    spec: str
    position: int
    created_ms: int = _moment()
    changed_ms: int = _moment()
    deleted_ms: int | None = _moment(default=None)


class ChannelRow(Row, table=True):
    """A channel as set up, secrets sealed, and how it has been doing."""

    __table_args__ = (UniqueConstraint("name"),)
    id: str = Field(primary_key=True)
    name: str
    type: str
    settings: str
    fallback: str | None = None
    title: str | None = None
    body: str | None = None
    position: int
    last_sent_ms: int | None = _moment(default=None)
    last_error: str = ""
    last_failed_ms: int | None = _moment(default=None)
    sent: int = 0
    failed: int = 0


class NodeRow(Row, table=True):
    """A node that has registered."""

    id: str = Field(primary_key=True)
    name: str
    region: str
    rank: int
    heard_ms: int = _moment()
    data: bytes


class LedgerRow(Row, table=True):
    """Which seqs of an instance have been stored."""

    node: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    touched_ms: int = _moment()
    data: bytes


class StateRow(Row, table=True):
    """What is believed of a monitor; its votes have a table of their own."""

    monitor: str = Field(primary_key=True)
    belief: str
    since_ms: int = _moment()
    status: str
    status_since_ms: int = _moment()
    incident: str | None = None
    data: bytes


class VoteRow(Row, table=True):
    """The newest result of a node for a monitor."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    monitor: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    observed_ms: int = _moment()
    data: bytes


class IncidentRow(Row, table=True):
    """An incident with its evidence."""

    __table_args__ = (
        Index(None, "monitor", "started_ms"),
        Index(None, "started_ms"),
        Index(
            "incident_open",
            "monitor",
            sqlite_where=text("ended_ms IS NULL"),
            postgresql_where=text("ended_ms IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    monitor: str
    number: int
    name: str
    started_ms: int = _moment()
    confirmed_ms: int = _moment()
    reasons: str
    detail: str
    evidence: bytes
    ended_ms: int | None = _moment(default=None)
    end_confirmed_ms: int | None = _moment(default=None)
    cause: str = ""


class TransitionRow(Row, table=True):
    """A change of belief or status, numbered in the order it became known."""

    __table_args__ = (
        UniqueConstraint(
            "monitor", "at_ms", "known_ms", "belief_to", "status_to", name="transition_once"
        ),
    )
    number: int | None = _number()
    monitor: str
    at_ms: int = _moment()
    known_ms: int = _moment()
    belief_from: str
    belief_to: str
    status_from: str
    status_to: str
    cause: str
    reasons: str
    detail: str
    evidence: bytes
    incident: str | None = None


class NotificationRow(Row, table=True):
    """The outbox. `done_ms` is set when it was sent or given up; `merged` names the row that tells
    this one's news too; `until_ms` is when a worker's claim ends.
    """

    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "notification_waiting",
            "channel",
            "subject",
            "number",
            sqlite_where=text("done_ms IS NULL"),
            postgresql_where=text("done_ms IS NULL"),
        ),
        Index(None, "done_ms"),
    )
    number: int | None = _number()
    key: str
    channel: str
    subject: str
    monitor: str
    event: str
    message: bytes
    created_ms: int = _moment()
    due_ms: int = _moment()
    attempts: int = 0
    until_ms: int | None = _moment(default=None)
    possible_repeat: bool = False
    merged: int | None = _moment(default=None, index=True)
    error: str = ""
    done_ms: int | None = _moment(default=None)
    given_up: bool = False


class SeriesRow(Row, table=True):
    """A monitor seen from a node, as the small number that results carry."""

    __table_args__ = (UniqueConstraint("monitor", "node"),)
    id: int | None = Field(default=None, primary_key=True)
    monitor: str
    node: str


class ResultRow(Row, table=True):
    """A raw result; `reason` is a code of `codes.py`, 0 for up."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    time_ms: int = _moment(primary_key=True)
    series: int = Field(primary_key=True)
    latency_us: int = _moment()
    reason: int


class _Rollup(Row):
    """What the results of a series in one bucket come to; latencies are those of up results."""

    bucket_ms: int = _moment(primary_key=True)
    series: int = Field(primary_key=True)
    count: int
    down: int
    sum_us: int = _moment()
    min_us: int | None = _moment(default=None)
    max_us: int | None = _moment(default=None)
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
    bucket_ms: int = _moment(primary_key=True)
    mark: int


class GapRow(Row, table=True):
    """A time in which this leader did not run."""

    since_ms: int = _moment(primary_key=True)
    until_ms: int = _moment()


class HeartbeatRow(Row, table=True):
    """One row that says when the store was last written."""

    id: int = Field(primary_key=True)
    at_ms: int = _moment()


class UserRow(Row, table=True):
    """A person with a role."""

    __table_args__ = (UniqueConstraint("name"),)
    id: str = Field(primary_key=True)
    name: str
    role: str
    created_ms: int = _moment()


class TokenRow(Row, table=True):
    """An API token, known by its hash only."""

    hash: str = Field(primary_key=True)
    prefix: str
    name: str
    user_id: str = Field(foreign_key="user.id")
    created_ms: int = _moment()
    expires_ms: int | None = _moment(default=None)
    last_used_ms: int | None = _moment(default=None)
    revoked_ms: int | None = _moment(default=None)


class AuditRow(Row, table=True):
    """Who changed what, when, and from where."""

    number: int | None = _number()
    at_ms: int = _moment(index=True)
    who: str
    source: str
    what: str
    about: str
    detail: str
