"""What an event changes of the picture."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from uptop_core.event_stream import Event
from uptop_core.views import IncidentView, MonitorView
from uptop_tui.picture import NONE, Changes, Picture, taken

_UP = MonitorView(id="m", name="m", type="http", status="UP", since=0)
_OPEN = IncidentView(id="i", monitor="m", name="m", number=1, started=0, confirmed=0)
_SHOWN = Picture(monitors={"m": _UP}, incidents={"i": _OPEN})


def _event(kind: str, thing: Struct | dict[str, str]) -> Event:
    return Event(kind, "a-1", msgspec.Raw(msgspec.json.encode(thing)))


def test_a_monitor_takes_the_place_of_what_it_was() -> None:
    down = msgspec.structs.replace(_UP, status="DOWN")
    picture, changes = taken(_SHOWN, _event("monitor", down), now=7)
    assert picture.monitors == {"m": down}
    assert changes == Changes(monitors=frozenset(("m",)))
    assert (picture.as_of, _SHOWN.monitors["m"].status) == (7, "UP")


def test_an_incident_that_is_over_is_not_held() -> None:
    over = msgspec.structs.replace(_OPEN, ended=5)
    picture, changes = taken(_SHOWN, _event("incident", over), now=0)
    assert picture.incidents == {}
    assert changes.incidents == {"i"}


def test_what_is_gone_is_gone() -> None:
    picture, changes = taken(_SHOWN, _event("gone", {"kind": "monitor", "id": "m"}), now=0)
    assert picture.monitors == {}
    assert changes.monitors == {"m"}


def test_what_is_set_up_and_written_is_counted() -> None:
    picture, changes = taken(_SHOWN, _event("config", {"version": "3"}), now=0)
    assert (picture.config, changes.config) == (1, True)
    picture, changes = taken(picture, _event("post", {"id": "p"}), now=0)
    assert (picture.posts, changes.posts) == (1, True)


def test_what_a_newer_leader_tells_of_changes_nothing() -> None:
    assert taken(_SHOWN, _event("comet", {}), now=0)[1] == NONE


def test_what_makes_no_sense_is_no_event() -> None:
    with pytest.raises(msgspec.DecodeError):
        taken(_SHOWN, _event("monitor", {"id": "m"}), now=0)


def test_changes_are_put_together() -> None:
    one, other = Changes(monitors=frozenset("a")), Changes(monitors=frozenset("b"), posts=True)
    assert one.and_(other) == Changes(monitors=frozenset("ab"), posts=True)
