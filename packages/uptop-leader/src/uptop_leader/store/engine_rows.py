"""Tables of what the engine believes and decides. A column `data` holds a whole value as msgpack."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from uptop_leader.store.rows import Row, moment, number


class NodeRow(Row, table=True):
    """A node that has registered."""

    id: str = Field(primary_key=True)
    name: str
    region: str
    rank: int
    heard_ms: int = moment()
    data: bytes


class LedgerRow(Row, table=True):
    """Which seqs of an instance have been stored."""

    node: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    touched_ms: int = moment()
    data: bytes


class FormerRow(Row, table=True):
    """Until when a monitor was assigned to a node that does not have it any more."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    monitor: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    until_ms: int = moment()


class StateRow(Row, table=True):
    """What is believed of a monitor; its votes have a table of their own."""

    monitor: str = Field(primary_key=True)
    belief: str
    since_ms: int = moment()
    status: str
    status_since_ms: int = moment()
    incident: str | None = None
    data: bytes


class VoteRow(Row, table=True):
    """The newest vote of a node for a monitor, as it was when it last said something new. A result
    after `settled_ms` that means the same stands for a newer one."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    monitor: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    settled_ms: int = moment()
    data: bytes


class IncidentRow(Row, table=True):
    """An incident with its evidence; `taken` says who acknowledged it."""

    __table_args__ = (
        Index(None, "monitor", "started_ms"),
        Index(None, "started_ms"),
        Index(None, "ended_ms"),
        Index(
            "incident_open",
            "monitor",
            sqlite_where=text("ended_ms IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    monitor: str
    number: int
    name: str
    started_ms: int = moment()
    confirmed_ms: int = moment()
    reasons: str
    detail: str
    evidence: bytes
    ended_ms: int | None = moment(default=None)
    end_confirmed_ms: int | None = moment(default=None)
    cause: str = ""
    maintenance: str = ""
    untold: str = ""
    child_of: str | None = None
    late: bool = False
    taken_ms: int | None = moment(default=None)
    taken_by: str = ""
    taken_note: str = ""


class TransitionRow(Row, table=True):
    """A change of belief or status, numbered in the order it became known."""

    __table_args__ = (
        UniqueConstraint(
            *("monitor", "at_ms", "known_ms", "belief_to", "status_to", "cause"),
            name="transition_once",
        ),
        Index(None, "at_ms"),
        Index(None, "cause", "at_ms"),
    )
    number: int | None = number()
    monitor: str
    at_ms: int = moment()
    known_ms: int = moment()
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
    this one's news too, `together` the first row of the list that it was last claimed in;
    `until_ms` is when a worker's claim ends; `passed` says that the fallback channel has it too.
    """

    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "notification_waiting",
            "channel",
            "subject",
            "number",
            sqlite_where=text("done_ms IS NULL"),
        ),
        Index(
            "notification_passed",
            "channel",
            "subject",
            sqlite_where=text("passed"),
        ),
        Index(None, "done_ms"),
    )
    number: int | None = number()
    key: str
    channel: str
    subject: str
    monitor: str
    event: str
    message: bytes
    created_ms: int = moment()
    due_ms: int = moment()
    attempts: int = 0
    until_ms: int | None = moment(default=None)
    possible_repeat: bool = False
    merged: int | None = moment(default=None, index=True)
    together: int | None = moment(default=None, index=True)
    passed: bool = False
    error: str = ""
    done_ms: int | None = moment(default=None)
    given_up: bool = False


class ChangeRow(Row, table=True):
    """The change log: triggers name here which row was written; see `change_log`."""

    number: int | None = number()
    thing: str
    row_key: str


class LeaseRow(Row, table=True):
    """One row: which of several leaders acts (`election/lease.py`). The epoch is unique, so that
    who changes it waits for those that hold the row as a key.
    """

    __table_args__ = (UniqueConstraint("epoch"),)
    id: int = Field(primary_key=True)
    holder: str
    epoch: int = moment()
    beat: int = moment()
    highest: int = moment()


class ErrandRow(Row, table=True):
    """What a leader that stands by was asked; the one that acts takes it from here."""

    number: int | None = number()
    kind: str
    body: str
