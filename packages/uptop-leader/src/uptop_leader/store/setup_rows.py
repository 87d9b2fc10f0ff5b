"""Tables of what people set up, of the people themselves, and of single facts."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from uptop_leader.store.rows import Row, moment, number


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
        ),
    )
    id: str = Field(primary_key=True)
    name: str
    kind: str
    spec: str
    position: int
    created_ms: int = moment()
    changed_ms: int = moment()
    deleted_ms: int | None = moment(default=None)


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
    last_sent_ms: int | None = moment(default=None)
    last_error: str = ""
    last_failed_ms: int | None = moment(default=None)
    failing_ms: int | None = moment(default=None)
    sent: int = 0
    failed: int = 0
    passed: int = 0


class MaintenanceRow(Row, table=True):
    """A maintenance as set up."""

    __table_args__ = (UniqueConstraint("name"),)
    id: str = Field(primary_key=True)
    name: str
    spec: str
    position: int


class PostRow(Row, table=True):
    """What somebody wrote on the status page; `monitors` are ids with commas between."""

    id: str = Field(primary_key=True)
    thread: str = Field(index=True)
    incident: str | None = Field(default=None, index=True)
    kind: str
    title: str
    words: str
    monitors: str
    at_ms: int = moment(index=True)
    who: str


class UserRow(Row, table=True):
    """A person with a role."""

    __table_args__ = (UniqueConstraint("name"),)
    id: str = Field(primary_key=True)
    name: str
    role: str
    created_ms: int = moment()


class TokenRow(Row, table=True):
    """An API token, known by its hash only."""

    hash: str = Field(primary_key=True)
    prefix: str
    name: str
    user_id: str = Field(foreign_key="user.id")
    created_ms: int = moment()
    expires_ms: int | None = moment(default=None)
    last_used_ms: int | None = moment(default=None)
    revoked_ms: int | None = moment(default=None)


class NodekeyRow(Row, table=True):
    """A node's own key, known by its hash only, and where the node may look from with it. One word,
    since `node_key` is what the key of the table `node` is called.
    """

    hash: str = Field(primary_key=True)
    prefix: str
    node: str = Field(index=True)
    region: str
    created_ms: int = moment()
    expires_ms: int | None = moment(default=None)
    last_used_ms: int | None = moment(default=None)
    revoked_ms: int | None = moment(default=None)


class AuditRow(Row, table=True):
    """Who changed what, when, and from where."""

    number: int | None = number()
    at_ms: int = moment(index=True)
    who: str
    source: str
    what: str
    about: str
    detail: str
