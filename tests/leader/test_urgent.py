"""What may be changed at a follower while it acts, and what becomes of it at the leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.store_samples import NOON, OPERATOR, incident, ping, set_up, webhook
from tests.leader.test_copying import a_pair, copy_changes, copy_everything, over_the_wire
from uptop_leader.changes import Changes
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.incidents import Acknowledgement
from uptop_leader.maintenance import Maintenance
from uptop_leader.refusals import NotAllowed
from uptop_leader.urgent import only_urgent

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.store import Store

API = ping("m", "API")
CHANNEL = webhook("c")
PLANNED = Maintenance(id="w", name="Works", start=NOON, end=NOON + 60, all=True)


@pytest.mark.parametrize(
    "change",
    [
        ConfigChange(),
        ConfigChange(put_monitors=(replace(API, paused=True),)),
        ConfigChange(put_maintenances=(PLANNED,)),
        ConfigChange(drop_maintenances=("w",)),
    ],
)
def test_pauses_and_maintenance_cannot_wait(change: ConfigChange) -> None:
    there = Configuration(monitors=(API,), channels=(CHANNEL,))
    assert only_urgent(lambda _: change)(there) == change


@pytest.mark.parametrize(
    "change",
    [
        ConfigChange(put_monitors=(replace(API, name="other", paused=True),)),
        ConfigChange(put_monitors=(ping("new"),)),
        ConfigChange(drop_monitors=("m",)),
        ConfigChange(put_channels=(CHANNEL,)),
        ConfigChange(drop_channels=("c",)),
    ],
)
def test_all_else_is_changed_at_the_leader(change: ConfigChange) -> None:
    there = Configuration(monitors=(API,), channels=(CHANNEL,))
    with pytest.raises(NotAllowed, match="changed at the leader"):
        only_urgent(lambda _: change)(there)


def give_back(leader: Store, copy: Store) -> tuple[str, ...]:
    """What both have changed; an answer that is lost changes nothing."""
    page = over_the_wire(copy.copies.ungiven())
    base = copy.copies.cursor()[1]
    first = leader.copies.take_gift(page.changes, base, NOON)
    assert leader.copies.take_gift(page.changes, base, NOON) in (first, ())
    copy.copies.given(page.upto)
    copy_changes(leader, copy)
    assert leader.load().configuration == copy.load().configuration
    return first


def test_a_pause_comes_to_the_leader_and_nothing_else_of_that_monitor(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, API)
        copy_everything(leader, copy)
        set_up(copy, replace(API, paused=True))
        assert give_back(leader, copy) == ()
        assert leader.load().configuration.monitors == (replace(API, paused=True),)
        set_up(copy, replace(API, paused=False))
        assert give_back(leader, copy) == ()
        assert leader.load().configuration.monitors == (API,)


def test_what_both_have_changed_is_merged_and_listed(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, API)
        copy_everything(leader, copy)
        set_up(leader, replace(API, description="edited"))
        set_up(copy, replace(API, paused=True))
        assert give_back(leader, copy) == ("API: paused=true at the follower is added",)
        merged = replace(API, description="edited", paused=True)
        assert leader.load().configuration.monitors == (merged,)
        assert "changed on both nodes" in [entry.what for entry in leader.audit_log()]


def test_maintenance_that_both_have_planned_is_there_twice(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, API, PLANNED)
        copy_everything(leader, copy)
        set_up(leader, replace(PLANNED, end=NOON + 100))
        set_up(copy, replace(PLANNED, end=NOON + 200))
        assert len(give_back(leader, copy)) == 1
        ends = {one.name: one.end for one in leader.load().configuration.maintenances}
        assert ends == {"Works": NOON + 100, "Works (follower)": NOON + 200}


def test_maintenance_is_planned_changed_and_removed_at_the_follower(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, API)
        copy_everything(leader, copy)
        set_up(copy, PLANNED)
        assert give_back(leader, copy) == ()
        assert leader.load().configuration.maintenances == (PLANNED,)
        copy.change_config(ConfigChange(drop_maintenances=("w",)), OPERATOR, NOON)
        assert give_back(leader, copy) == ()
        assert leader.load().configuration.maintenances == ()


@pytest.mark.parametrize("first", ["leader", "follower"])
def test_who_acknowledged_first_has_acknowledged_it(tmp_path: Path, first: str) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, API)
        leader.write(Changes(opened=[incident(1)]), NOON)
        copy_everything(leader, copy)
        late = NOON + (20 if first == "leader" else 5)
        for store, at, who in ((leader, NOON + 10, "ada"), (copy, late, "bob")):
            taken = replace(incident(1), acknowledged=Acknowledgement(at=at, by=who, note=""))
            store.write(Changes(amended=[taken]), at)
        give_back(leader, copy)
        (one,) = leader.incidents()
        assert one.acknowledged is not None
        assert one.acknowledged.by == ("ada" if first == "leader" else "bob")
