"""When which monitor has to be judged again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.agenda import Agenda


def test_what_is_due_comes_once_and_in_time() -> None:
    agenda = Agenda()
    agenda.put("a", 10)
    agenda.put("b", 20)
    assert agenda.take(9) == []
    assert agenda.take(10) == ["a"]
    assert agenda.take(30) == ["b"]
    assert agenda.take(99) == []
    assert agenda.next_at() is None


def test_the_newest_entry_counts() -> None:
    agenda = Agenda()
    agenda.put("a", 10)
    agenda.put("a", 30)
    agenda.put("b", 30)
    agenda.put("b", 10)
    agenda.put("c", 10)
    agenda.put("c", None)
    assert agenda.take(10) == ["b"]
    assert agenda.take(30) == ["a"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 50)))))
def test_it_is_a_dictionary_of_moments(puts: list[tuple[str, int | None]]) -> None:
    agenda, newest = Agenda(), {}
    for monitor, due in puts:
        agenda.put(monitor, due)
        newest[monitor] = due
    for now in range(0, 51, 10):
        expected = {one for one, due in newest.items() if due is not None and due <= now}
        taken = agenda.take(now)
        assert set(taken) == expected
        assert len(taken) == len(expected)
        newest = {one: due for one, due in newest.items() if one not in expected}


def test_putting_one_monitor_off_for_ever_takes_no_memory() -> None:
    agenda = Agenda()
    for second in range(100_000):
        agenda.put("a", 1e9 + second)
    assert len(agenda) < 5_000
    assert agenda.take(2e9) == ["a"]
