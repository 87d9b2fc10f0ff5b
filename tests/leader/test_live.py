"""The names of what has changed: each once, at its newest place, while somebody listens."""

from __future__ import annotations

import pytest
from msgspec import Struct

from uptop_leader.live import CONFIG, LOOK_S, UNHEARD_S, Live, Name
from uptop_leader.nodes import Standing
from uptop_leader.states import MonitorState, fresh_state

A, B, C = (Name("monitor", one) for one in "abc")


class Shown(Struct):
    """What a leader shows."""

    version: int = 1
    states: dict[str, MonitorState] = {}
    offline: bool = False

    def standings(self) -> dict[str, Standing]:
        return {"n": Standing(live=not self.offline, offline=self.offline, left=False)}


class Time:
    """A clock that tests move."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def live(time: Time) -> Live:
    live = Live(time, limit=3)
    live.listen(Shown())
    return live


def test_each_name_stands_once_at_its_newest_place(live: Live) -> None:
    known = live.number
    live.note([A, B])
    live.note([A, C])
    assert [name for name, _ in live.since(known)] == [B, A, C]
    assert live.since(live.number) == []
    assert [name for name, _ in live.since(live.number - 1)] == [C]


def test_what_fell_out_is_not_reached_any_more(live: Live) -> None:
    known = live.number
    live.note([A, B, C])
    assert live.reaches(known)
    live.note([CONFIG])
    assert not live.reaches(known)
    assert live.reaches(known + 1)
    assert not live.reaches(live.number + 1)


def test_nothing_is_kept_while_nobody_listens(live: Live, time: Time) -> None:
    known = live.number
    time.at = UNHEARD_S
    live.note([A])
    assert not live.reaches(known)
    live.listen(Shown())
    assert not live.reaches(known)
    assert live.since(live.number) == []


def test_what_changes_by_time_alone_is_found(live: Live, time: Time) -> None:
    shown = Shown()
    for change, found in (
        ({"offline": True}, [Name("node", "n")]),
        ({"version": 2}, [CONFIG]),
        ({"states": {"a": fresh_state("a", 1.0)}}, [A]),
        ({}, []),
    ):
        known = live.number
        for name, value in change.items():
            setattr(shown, name, value)
        time.at += LOOK_S
        live.listen(shown)
        assert [name for name, _ in live.since(known)] == found
