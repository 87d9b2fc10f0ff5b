"""What must hold of transactions, whichever database there is."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import run_sql
from tests.leader.store_samples import NOON, OPERATOR, opened, ping, result, set_up
from uptop_core.errors import ConfigError, StoreError
from uptop_leader.changes import Changes
from uptop_leader.states import fresh_state
from uptop_leader.store.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address, busy_s=0.05) as store:
        yield store


@pytest.fixture
def connections(address: Address) -> Iterator[Connections]:
    with opened(address), contextlib.closing(Connections(address, 0.05)) as connections:
        yield connections


def test_a_reader_cannot_write(connections: Connections) -> None:
    with pytest.raises(StoreError, match="read-only"), connections.reading() as connection:
        connection.exec_driver_sql("DELETE FROM meta")


def test_a_reader_sees_everything_as_it_was_at_its_first_question(connections: Connections) -> None:
    with connections.reading() as reader:
        question = "SELECT count(*) FROM gap"
        assert reader.exec_driver_sql(question).scalar_one() == 0
        with connections.writing() as writer:
            writer.exec_driver_sql("INSERT INTO gap VALUES (1, 2)")
        assert reader.exec_driver_sql(question).scalar_one() == 0


def test_an_exception_undoes_what_was_written(connections: Connections) -> None:
    with pytest.raises(ZeroDivisionError), connections.writing() as connection:
        connection.exec_driver_sql("INSERT INTO gap VALUES (1, 2)")
        raise ZeroDivisionError
    with connections.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM gap").scalar_one() == 0


def test_an_error_of_the_database_shows_no_values(connections: Connections) -> None:
    with pytest.raises(StoreError) as caught, connections.writing() as connection:
        for _ in range(2):
            connection.exec_driver_sql("INSERT INTO meta VALUES ('a-secret', 'a-secret')")
    assert "a-secret" not in str(caught.value)
    assert caught.value.__suppress_context__, "what the driver says shows values"


def test_writers_of_several_processes_come_one_after_the_other(
    address: Address, connections: Connections
) -> None:
    with contextlib.closing(Connections(address, 0.05)) as other:
        with connections.writing() as connection:
            connection.exec_driver_sql("INSERT INTO gap VALUES (1, 2)")
            with pytest.raises(StoreError, match="is locked by another program"), other.writing():
                pass
        with other.writing() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM gap").scalar_one() == 1


def test_a_value_of_another_version_is_no_riddle(store: Store, address: Address) -> None:
    store.write(Changes(states={"m": fresh_state("m", NOON)}), NOON)
    is_file = isinstance(address, Path)
    run_sql(address, "UPDATE state SET data = " + (r"x'c0'" if is_file else r"'\xc0'::bytea"))
    with pytest.raises(StoreError, match="holds a value that this version cannot read"):
        store.load()


def test_a_refused_change_writes_nothing(store: Store) -> None:
    with pytest.raises(ConfigError):
        set_up(store, ping("a", "same"), ping("b", "same"))
    assert store.load_config().monitors == ()
    assert store.audit_log() == []


def test_views_do_not_wait_for_a_writer(store: Store) -> None:
    with store._connections.writing() as connection:
        connection.exec_driver_sql("DELETE FROM result")
        assert store.uptime(NOON, 60) == {}


def test_many_threads_may_write_and_read_at_once(address: Address) -> None:
    def work(store: Store, number: int) -> None:
        for step in range(20):
            store.write(Changes(results=[result(f"m{number}", "n", NOON + step)]), NOON)
            store.results(f"m{number}", NOON, NOON + 60)
            store.audit(OPERATOR, "stepped", f"{number}", NOON)

    with opened(address) as store, ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work, store, number) for number in range(8)]:
            done.result()
        assert [len(store.results(f"m{n}", NOON, NOON + 60)) for n in range(8)] == [20] * 8
        assert len(store.audit_log(1000)) == 160


def test_text_with_signs_that_a_database_cannot_hold_is_stored_without_them(store: Store) -> None:
    store.audit(OPERATOR, "said", "a\0b", NOON, detail='quoted " and \\ and {brackets}, \u00e4')
    entry = store.audit_log()[0]
    assert entry.about in ("a\0b", "a\N{REPLACEMENT CHARACTER}b")
    assert entry.detail == 'quoted " and \\ and {brackets}, \u00e4'


def test_what_another_process_has_learned_of_series_is_known_after_loading(
    address: Address, store: Store
) -> None:
    with opened(address) as other:
        other.write(Changes(results=[result("m", "n", NOON)]), NOON)
        store.load()
        store.write(Changes(results=[result("m", "n", NOON + 1)]), NOON)
        assert len(other.results("m", NOON, NOON + 9)) == 2
