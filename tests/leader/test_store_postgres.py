"""What is PostgreSQL's own: how it is connected to, what its errors mean, and parts of tables."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tests.leader.databases import count, rows_of, run_sql
from tests.leader.store_samples import KEY, NOON, incident, opened, outage, ping, result, set_up
from tests.postgres_server import PASSWORD
from uptop_core.errors import StoreError
from uptop_leader.changes import Changes
from uptop_leader.seal import Keyring
from uptop_leader.store.addresses import Dsn
from uptop_leader.store.connections import Connections
from uptop_leader.store.dialects.sqlstates import sentence
from uptop_leader.store.store import Store
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres_server import PostgresServer

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def store(dsn: Dsn) -> Iterator[Store]:
    with opened(dsn) as store:
        yield store


def why_not(text: str) -> str:
    """What is said of a database that cannot be opened."""
    with pytest.raises(StoreError) as caught:
        Store.open(Dsn(text), Keyring([KEY]), NOON)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    postgres: PostgresServer,
) -> None:
    good = postgres.dsn("postgres", tcp=True).text
    here = f"the database postgres at 127.0.0.1:{postgres.port}"
    assert why_not(good.replace(PASSWORD, PASSWORD + "x")) == f"{here} refuses the password"
    assert why_not(good.replace(f":{PASSWORD}", "")) == f"{here} refuses the password"
    assert why_not(good[: -len("postgres")] + "nowhere").endswith("does not exist")
    nobody = f"postgresql://uptop:{PASSWORD}@127.0.0.1:1/uptop"
    assert "at 127.0.0.1:1 cannot be reached" in why_not(nobody)


@pytest.mark.parametrize("text", [f"host={PASSWORD} nonsense", f"postgresql://a:{PASSWORD}@[::/x"])
def test_a_connection_string_that_is_none_is_not_repeated(text: str) -> None:
    assert "UPTOP_DB_DSN is no connection string" in why_not(text)


def test_an_address_does_not_show_itself() -> None:
    assert PASSWORD not in repr(Dsn(f"postgresql://uptop:{PASSWORD}@h/uptop"))


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from uptop_leader.seal import Keyring
from uptop_leader.store.addresses import Dsn
from uptop_leader.store.store import Store
from uptop_leader.store.tables import METADATA
from uptop_core.errors import MissingExtra
try:
    Store.open(Dsn("postgresql://h/uptop"), Keyring(), 0)
except MissingExtra as error:
    print(error)
"""


def test_a_driver_that_is_missing_is_named_with_its_extra() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER], capture_output=True, text=True, check=True
    )
    assert "uptop-leader[postgres]" in ran.stdout


class Failed(Exception):
    """An error with a state, as psycopg has them."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        super().__init__("Key (name)=(a-secret) already exists")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("53100", "disk is full"),
        ("53300", "too many connections"),
        ("25006", "read-only"),
        ("55P03", "locked"),
        ("57014", "too long"),
        ("57P01", "shut down"),
        ("08006", "cannot be reached"),
        ("XX001", "damaged"),
        ("58030", "system reports an error"),
        ("23505", r"does not work: Failed \(23505\)"),
    ],
)
def test_an_error_is_told_by_its_state_and_never_by_its_text(state: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(sentence(Failed(state)))
    assert "a-secret" not in sentence(Failed(state))


def test_a_weighty_commit_is_flushed_and_others_are_not(dsn: Dsn) -> None:
    with contextlib.closing(Connections(dsn, 5)) as connections:
        for flush, expected in ((True, "on"), (False, "off"), (True, "on")):
            with connections.writing(flush=flush) as connection:
                shown = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
                assert shown == expected


def test_no_transaction_may_wait_for_its_client_without_end(dsn: Dsn) -> None:
    limit = "SHOW idle_in_transaction_session_timeout"
    with contextlib.closing(Connections(dsn, 5)) as connections:
        with connections.writing() as connection:
            assert connection.exec_driver_sql(limit).scalar_one() == "5s"
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"
        with connections.reading() as connection:
            assert connection.exec_driver_sql(limit).scalar_one() == "1min"


def test_connections_that_broke_while_unused_are_not_noticed(store: Store, dsn: Dsn) -> None:
    store.write(outage(), NOON)
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    for _ in range(2):
        run_sql(dsn, f"{end_all} WHERE datname = current_database() AND pid <> pg_backend_pid()")
        assert len(store.incidents()) == 1
        store.write(Changes(amended=[incident(detail="more")]), NOON)
    assert store.incidents()[0].detail == "more"


def test_a_server_that_comes_back_is_used_again(postgres: PostgresServer, store: Store) -> None:
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match=r"cannot be reached|starts anew|shut down"):
                store.write(outage(), NOON)
    finally:
        postgres.start()
    store.write(outage(), NOON)
    assert len(store.incidents()) == 1


def test_a_backup_is_made_with_the_tools_of_postgresql(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def is_no_part(item: Any, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or not (name or "").startswith(("result_", "pack_"))


def test_migrations_make_what_the_tables_say(dsn: Dsn) -> None:
    options = {"compare_type": True, "include_object": is_no_part}
    with contextlib.closing(Connections(dsn, 5)) as connections, connections.writing() as made:
        context = MigrationContext.configure(made, opts=options)
        assert compare_metadata(context, METADATA) == []


def parts(dsn: Dsn, table: str) -> list[str]:
    rows = rows_of(
        dsn,
        f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass",
    )
    return sorted(name.removeprefix(f"{table}_") for (name,) in rows)


def number(moment: float, length: float) -> int:
    return int(moment // length)


def test_results_lie_in_parts_that_are_made_ahead_and_dropped_when_sealed(
    store: Store, dsn: Dsn
) -> None:
    now = number(NOON, HOUR)
    assert parts(dsn, "result") == [*(f"h{hour}" for hour in range(now - 1, now + 5)), "rest"]
    store.write(Changes(results=[result(observed=NOON - 1800 + s) for s in range(100)]), NOON)
    assert count(dsn, f"result_h{now - 1}") == 100
    later = NOON + 2 * HOUR
    store.roll_up(later)
    store.seal(later)
    found = parts(dsn, "result")
    assert f"h{now - 1}" not in found
    assert f"h{now + 6}" in found
    assert len(store.results("m", NOON - HOUR, NOON)) == 100
    store.seal(later)
    assert parts(dsn, "result") == found


def test_packs_lie_in_parts_by_the_day_that_go_when_they_are_too_old(
    store: Store, dsn: Dsn
) -> None:
    day = number(NOON, DAY)
    store.write(Changes(results=[result(observed=NOON - 1800 + s) for s in range(100)]), NOON)
    store.roll_up(NOON + 2 * HOUR)
    store.seal(NOON + 2 * HOUR)
    assert count(dsn, f"pack_d{day}") == 1
    store.roll_up(NOON + 12 * DAY)
    removed = store.retain(NOON + 12 * DAY, 7 * DAY, 30 * DAY, 400 * DAY)
    assert (removed, count(dsn, "pack")) == (1, 0)
    assert f"d{day}" not in parts(dsn, "pack")


def test_results_of_times_without_a_part_are_kept_apart_and_never_in_the_way(
    store: Store, dsn: Dsn
) -> None:
    old, ahead = NOON - 5 * DAY, NOON + 7 * HOUR
    store.write(Changes(results=[result(observed=old), result(observed=ahead)]), NOON)
    assert count(dsn, "result_rest") == 2
    store.seal(ahead)
    assert f"h{number(ahead, HOUR)}" not in parts(dsn, "result"), "what is there is in the rest"
    assert f"h{number(ahead, HOUR) + 1}" in parts(dsn, "result")
    assert [row.observed for row in store.results("m", 0, 2 * NOON)] == [old, ahead]


def test_many_rows_of_a_kind_are_put_at_once_and_the_last_of_a_key_counts(store: Store) -> None:
    set_up(store, *(ping(f"m{n}") for n in range(50)))
    changed = [incident(n, detail=f'"{n}", \\ {{}}') for n in range(50)]
    store.write(Changes(opened=[incident(n) for n in range(50)]), NOON)
    store.write(Changes(amended=[*(incident(n, detail="x") for n in range(50)), *changed]), NOON)
    assert {one.id: one for one in store.incidents(limit=99)} == {one.id: one for one in changed}


def test_a_batch_with_results_that_are_there_is_stored_once(store: Store) -> None:
    batch = [result(observed=NOON + n, latency_us=n) for n in range(200)]
    store.write(Changes(results=batch[:120]), NOON)
    store.write(Changes(results=batch), NOON)
    assert len(store.results("m", NOON, NOON + 999)) == 200
