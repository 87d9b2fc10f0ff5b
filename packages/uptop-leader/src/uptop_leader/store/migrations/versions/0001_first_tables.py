"""The first tables: configuration, beliefs, incidents, outbox, history, people.

Never to be changed: databases were made by it (CONTRIBUTING.md). What is to be otherwise is a further step.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _configuration()
    _beliefs()
    _incidents()
    _outbox()
    _history()
    _people()
    _change_log()
    _lease()


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=null, primary_key=key)


def _int(name: str, *, key: bool = False) -> sa.Column[int]:
    # autoincrement only where a table has a lone integer key, as SQLAlchemy has it by itself
    return sa.Column(name, sa.Integer(), nullable=False, primary_key=key)


def _ms(name: str, *, null: bool = False, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null, primary_key=key)


def _data(name: str = "data") -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _number(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=False, primary_key=True)


def _table(
    name: str, *columns: sa.schema.SchemaItem, rowid: bool = True, by: str | None = None
) -> None:
    """A table; in PostgreSQL parted `by` ranges of a column, all in one part for the time being."""
    key = [
        column.name for column in columns if isinstance(column, sa.Column) and column.primary_key
    ]
    named = sa.PrimaryKeyConstraint(*key, name=f"{name}_key")
    parted = f"RANGE ({by})" if by else None
    op.create_table(name, *columns, named, sqlite_with_rowid=rowid, postgresql_partition_by=parted)
    if by and op.get_bind().dialect.name == "postgresql":
        op.execute(f'CREATE TABLE "{name}_rest" PARTITION OF "{name}" DEFAULT')


def _where(name: str, table: str, columns: list[str], condition: str, *, unique: bool) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _configuration() -> None:
    _table("meta", _text("key", key=True), _text("value"))
    _table(
        "monitor",
        _text("id", key=True),
        _text("name"),
        _text("kind"),
        _text("spec"),
        _int("position"),
        _ms("created_ms"),
        _ms("changed_ms"),
        _ms("deleted_ms", null=True),
    )
    _where("monitor_name", "monitor", ["name"], "deleted_ms IS NULL", unique=True)
    _table(
        "channel",
        _text("id", key=True),
        _text("name"),
        _text("type"),
        _text("settings"),
        _text("fallback", null=True),
        _text("title", null=True),
        _text("body", null=True),
        _int("position"),
        _ms("last_sent_ms", null=True),
        _text("last_error"),
        _ms("last_failed_ms", null=True),
        _ms("failing_ms", null=True),
        _int("sent"),
        _int("failed"),
        _int("passed"),
        sa.UniqueConstraint("name", name="channel_name_unique"),
    )
    _table(
        "maintenance",
        _text("id", key=True),
        _text("name"),
        _text("spec"),
        _int("position"),
        sa.UniqueConstraint("name", name="maintenance_name_unique"),
    )
    _table(
        "post",
        _text("id", key=True),
        _text("thread"),
        _text("incident", null=True),
        _text("kind"),
        _text("title"),
        _text("words"),
        _text("monitors"),
        _ms("at_ms"),
        _text("who"),
    )
    for column in ("thread", "incident", "at_ms"):
        op.create_index(f"post_{column}", "post", [column])


def _beliefs() -> None:
    _table(
        "node",
        _text("id", key=True),
        _text("name"),
        _text("region"),
        _int("rank"),
        _ms("heard_ms"),
        _data(),
    )
    _table(
        "ledger", _text("node", key=True), _text("instance", key=True), _ms("touched_ms"), _data()
    )
    _table(
        "former", _text("monitor", key=True), _text("node", key=True), _ms("until_ms"), rowid=False
    )
    _table(
        "state",
        _text("monitor", key=True),
        _text("belief"),
        _ms("since_ms"),
        _text("status"),
        _ms("status_since_ms"),
        _text("incident", null=True),
        _data(),
    )
    _table(
        "vote",
        _text("monitor", key=True),
        _text("node", key=True),
        _ms("settled_ms"),
        _data(),
        rowid=False,
    )


def _incidents() -> None:
    _table(
        "incident",
        _text("id", key=True),
        _text("monitor"),
        _int("number"),
        _text("name"),
        _ms("started_ms"),
        _ms("confirmed_ms"),
        _text("reasons"),
        _text("detail"),
        _data("evidence"),
        _ms("ended_ms", null=True),
        _ms("end_confirmed_ms", null=True),
        _text("cause"),
        _text("maintenance"),
        _text("untold"),
        _text("child_of", null=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        _ms("taken_ms", null=True),
        _text("taken_by"),
        _text("taken_note"),
    )
    op.create_index("incident_monitor_started_ms", "incident", ["monitor", "started_ms"])
    op.create_index("incident_started_ms", "incident", ["started_ms"])
    op.create_index("incident_ended_ms", "incident", ["ended_ms"])
    _where("incident_open", "incident", ["monitor"], "ended_ms IS NULL", unique=False)
    _table(
        "transition",
        _number(),
        _text("monitor"),
        _ms("at_ms"),
        _ms("known_ms"),
        _text("belief_from"),
        _text("belief_to"),
        _text("status_from"),
        _text("status_to"),
        _text("cause"),
        _text("reasons"),
        _text("detail"),
        _data("evidence"),
        _text("incident", null=True),
        sa.UniqueConstraint(
            *("monitor", "at_ms", "known_ms", "belief_to", "status_to", "cause"),
            name="transition_once",
        ),
    )
    op.create_index("transition_at_ms", "transition", ["at_ms"])
    op.create_index("transition_cause_at_ms", "transition", ["cause", "at_ms"])


def _outbox() -> None:
    _table(
        "notification",
        _number(),
        _text("key"),
        _text("channel"),
        _text("subject"),
        _text("monitor"),
        _text("event"),
        _data("message"),
        _ms("created_ms"),
        _ms("due_ms"),
        _int("attempts"),
        _ms("until_ms", null=True),
        sa.Column("possible_repeat", sa.Boolean(), nullable=False),
        _ms("merged", null=True),
        _ms("together", null=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        _text("error"),
        _ms("done_ms", null=True),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("key", name="notification_key_unique"),
    )
    waiting = ["channel", "subject", "number"]
    _where("notification_waiting", "notification", waiting, "done_ms IS NULL", unique=False)
    _where("notification_passed", "notification", ["channel", "subject"], "passed", unique=False)
    op.create_index("notification_merged", "notification", ["merged"])
    op.create_index("notification_together", "notification", ["together"])
    op.create_index("notification_done_ms", "notification", ["done_ms"])


def _history() -> None:
    _table(
        "series",
        _int("id", key=True),
        _text("monitor"),
        _text("node"),
        sa.UniqueConstraint("monitor", "node", name="series_monitor_node_unique"),
    )
    for name in ("result", "straggler"):
        _table(
            name,
            _ms("time_ms", key=True),
            _int("series", key=True),
            _ms("latency_us"),
            _int("reason"),
            rowid=False,
            by="time_ms" if name == "result" else None,
        )
    _table("pack", _number("place"), _data(), by="place")
    for name in ("rollup_five", "rollup_hour", "rollup_day"):
        _table(
            name,
            _ms("bucket_ms", key=True),
            _int("series", key=True),
            _int("count"),
            _int("down"),
            _ms("seen_ms"),
            _ms("down_ms"),
            _ms("sum_us"),
            _ms("min_us", null=True),
            _ms("max_us", null=True),
            _data("sketch"),
            rowid=False,
        )
    _table("dirty", _text("level", key=True), _ms("bucket_ms", key=True), _int("mark"))
    _table("days", _ms("start_ms", key=True), _text("monitor", key=True), _data())
    _table("day_spans", _ms("day_ms", key=True), _text("monitor", key=True), _data(), rowid=False)
    _table("stale", _text("monitor", key=True), _ms("since_ms"), _int("mark"))
    _table(
        "late",
        _text("monitor", key=True),
        _ms("since_ms", key=True),
        _ms("until_ms"),
        sa.Column("down", sa.Boolean(), nullable=False),
        rowid=False,
    )
    _table(
        "replay",
        _text("monitor", key=True),
        _ms("since_ms"),
        _ms("until_ms"),
        _ms("marked_ms"),
        _int("mark"),
    )
    _table("gap", _ms("since_ms", key=True), _ms("until_ms"))
    _table("heartbeat", _int("id", key=True), _ms("at_ms"))


def _people() -> None:
    _table(
        "user",
        _text("id", key=True),
        _text("name"),
        _text("role"),
        _ms("created_ms"),
        sa.UniqueConstraint("name", name="user_name_unique"),
    )
    _table(
        "token",
        _text("hash", key=True),
        _text("prefix"),
        _text("name"),
        sa.Column(
            "user_id",
            sa.String(),
            sa.ForeignKey("user.id", name="token_user_id_user"),
            nullable=False,
        ),
        _ms("created_ms"),
        _ms("expires_ms", null=True),
        _ms("last_used_ms", null=True),
        _ms("revoked_ms", null=True),
    )
    _table(
        "nodekey",
        _text("hash", key=True),
        _text("prefix"),
        _text("node"),
        _text("region"),
        _ms("created_ms"),
        _ms("expires_ms", null=True),
        _ms("last_used_ms", null=True),
        _ms("revoked_ms", null=True),
    )
    op.create_index("nodekey_node", "nodekey", ["node"])
    _table(
        "audit",
        _number(),
        _ms("at_ms"),
        _text("who"),
        _text("source"),
        _text("what"),
        _text("about"),
        _text("detail"),
    )
    op.create_index("audit_at_ms", "audit", ["at_ms"])


_LOGGED = {
    "user": ("id",),
    "token": ("hash",),
    "nodekey": ("hash",),
    "channel": ("id",),
    "monitor": ("id",),
    "maintenance": ("id",),
    "post": ("id",),
    "node": ("id",),
    "former": ("monitor", "node"),
    "state": ("monitor",),
    "incident": ("id",),
    "transition": ("number",),
    "notification": ("number",),
    "gap": ("since_ms",),
    "late": ("monitor", "since_ms"),
}


def _change_log() -> None:
    """The log, and the triggers that write it while this node is one of a pair: leaders on one
    PostgreSQL need none.
    """
    _table("change", _number(), _text("thing"), _text("row_key"))
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, key in _LOGGED.items():
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            named = " || char(31) || ".join(f"{row}.{column}" for column in key)
            op.execute(
                f"""CREATE TRIGGER log_{table}_{event.lower()} AFTER {event} ON "{table}"
                WHEN (SELECT value FROM meta WHERE key = 'logs') = '1'
                BEGIN INSERT INTO change (thing, row_key) VALUES ('{table}', {named}); END"""  # noqa: S608
            )


def _lease() -> None:
    _table(
        "lease",
        _int("id", key=True),
        _text("holder"),
        _ms("epoch"),
        _ms("beat"),
        _ms("highest"),
        sa.UniqueConstraint("epoch", name="lease_epoch_unique"),
    )
    _table("errand", _number(), _text("kind"), _text("body"))
