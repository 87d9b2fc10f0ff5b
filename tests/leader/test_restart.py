"""After a restart nothing is forgotten, and the restart itself tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.helms import api, at_the_helm, hook, look
from tests.leader.store_samples import KEY, NOON, OPERATOR, opened
from uptop_core.votes import Vote
from uptop_leader.configuration import ConfigChange
from uptop_leader.restart import resumed
from uptop_leader.states import Belief, PushState, Status, fresh_state

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_core.monitors import Monitor

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


async def outage(path: Path) -> None:
    """One probe sees the monitor go down; then the leader is killed."""
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.goes_down("p")
        assert helm.told() == ["down"]


def change_while_away(path: Path, *monitors: Monitor, drop: tuple[str, ...] = ()) -> None:
    with opened(path, key=KEY) as store:
        change = ConfigChange(put_monitors=monitors, drop_monitors=drop)
        store.change_config(change, OPERATOR, NOON + 100)


async def test_belief_votes_and_incident_come_back_and_nothing_is_told(path: Path) -> None:
    await outage(path)
    async with at_the_helm(path, at=NOON + 90) as helm:
        (incident,) = helm.incidents()
        state = helm.state()
        assert (state.belief, state.status) == (Belief.DOWN, Status.DOWN)
        assert state.incident == incident.id
        assert list(helm.world.incidents) == [incident.id]
        assert not state.votes["p"].up
        await helm.wait(30)
        assert helm.told() == ["down"]
        assert len(helm.store.transitions()) == 2


async def test_results_from_before_the_restart_are_still_known(path: Path) -> None:
    async with at_the_helm(path, api()) as helm:
        await helm.register("p")
        await helm.report("p", look(seq=1), look(seq=2, age_ms=5))
    async with at_the_helm(path, at=NOON + 1) as helm:
        answer = await helm.report("p", look(seq=2), look(seq=3))
        assert (answer.accepted, answer.duplicates, answer.have) == (1, 1, {"one": 3})


async def test_an_open_round_begins_anew(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        helm.clock.at += 60
        await helm.sees("p", up=False)
        run = helm.state().run
        assert run is not None
    async with at_the_helm(path, at=NOON + 120) as helm:
        again = helm.state().run
        assert again is not None
        assert (again.id, again.round, again.first) == (run.id, run.round + 1, run.first)
        _, given = helm.engine.assignments("p")
        assert [one.id for one in given.recheck] == [again.recheck]
        await helm.goes_down("p")
        (incident,) = helm.incidents()
        assert incident.started == NOON + 60


async def test_an_outage_goes_on_over_a_restart_and_is_told_to_be_over_once(path: Path) -> None:
    await outage(path)
    async with at_the_helm(path, at=NOON + 130) as helm:
        await helm.sees("p")
        while helm.state().run is not None:
            await helm.wait(6)
            await helm.answers("p")
        (incident,) = helm.incidents()
        assert incident.ended == NOON + 130
        waiting = helm.store.claim(helm.clock.at, 0.0, 9)
        assert [one.notification.event for one in waiting] == ["down_and_up"]


async def test_a_restart_just_before_unknown_is_shown_tells_nothing(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.wait(340)
        assert helm.state().unknown_since is not None
        assert helm.told() == ["node_offline"]
    async with at_the_helm(path, at=NOON + 3600) as helm:
        await helm.wait(30)
        assert helm.told() == ["node_offline"]
        await helm.sees("p")
        assert helm.state().status is Status.UP


async def test_what_was_paused_while_the_leader_was_away_is_closed_and_told(path: Path) -> None:
    await outage(path)
    change_while_away(path, api(paused=True))
    async with at_the_helm(path, at=NOON + 120) as helm:
        assert helm.state().status is Status.PAUSED
        (incident,) = helm.incidents()
        assert (incident.cause, incident.ended) == ("paused", NOON + 120)
        assert helm.world.incidents == {}


async def test_what_was_deleted_while_the_leader_was_away_is_closed_and_told(path: Path) -> None:
    await outage(path)
    change_while_away(path, drop=("m",))
    async with at_the_helm(path, at=NOON + 120) as helm:
        assert helm.world.states == {}
        (incident,) = helm.incidents()
        assert incident.cause == "deleted"
        assert helm.told() == ["down", "deleted"]
    async with at_the_helm(path, at=NOON + 130) as helm:
        assert helm.told() == ["down", "deleted"]


async def test_what_was_added_while_the_leader_was_away_begins(path: Path) -> None:
    await outage(path)
    change_while_away(path, api("new"), api("set-aside", paused=True))
    async with at_the_helm(path, at=NOON + 120) as helm:
        assert helm.state("new").status is Status.PENDING
        assert helm.state("set-aside").status is Status.PAUSED


def test_what_comes_from_the_future_counts_as_of_now() -> None:
    future = NOON + 3600
    vote = Vote(node="p", observed=future, up=True)
    state = replace(
        fresh_state("m", NOON), votes={"p": vote}, first_vote=future, push=PushState(heard=future)
    )
    after = resumed(state, NOON)
    assert after.votes["p"].observed == NOON
    assert after.first_vote == NOON
    assert after.push is not None
    assert after.push.heard == NOON
