"""The order of steps 7 to 11: everything that belongs together is written together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.helms import api, at_the_helm, hook, look, raw
from uptop_core.constants import TimeConstants
from uptop_core.errors import StoreError
from uptop_core.wire import ResultsAnswer, ResultsBatch
from uptop_leader.ballots import Rules
from uptop_leader.flow import one_pass
from uptop_leader.refusals import Unregistered
from uptop_leader.reports import Report
from uptop_leader.states import Status

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leader.helms import Helm
    from uptop_leader.changes import Changes
    from uptop_leader.drafts import Draft

pytestmark = pytest.mark.anyio

RULES = Rules(constants=TimeConstants())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def report(helm: Helm, *results: dict[str, Any], node: str = "p") -> Report:
    batch = ResultsBatch(node_id=node, instance="one", results=raw(*results))
    return Report(batch, helm.clock.at)


async def a_pass(
    helm: Helm, *entries: Report, fails: bool = False
) -> tuple[Draft, list[object], list[Changes]]:
    """One pass over these inputs, and what it would have written."""
    written: list[Changes] = []

    async def write(changes: Changes) -> None:
        if fails:
            raise StoreError("the disk is full")
        written.append(changes)

    draft, answers = await one_pass(helm.world, entries, (), RULES, "", write, helm.clock.at)
    return draft, answers, written


async def test_result_vote_transition_incident_and_notification_are_one_write(path: Path) -> None:
    async with at_the_helm(path, api(max_retries=0), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        _, _, written = await a_pass(helm, report(helm, look(up=False, seq=9)))
        (changes,) = written
        assert len(changes.results) == len(changes.votes) == 1
        (transition,), (incident,) = changes.transitions, changes.opened
        (notification,) = changes.notifications
        assert transition.incident == incident.id == notification.subject
        assert changes.states["m"].incident == incident.id
        assert changes.ledgers["p", "one"].ranges[-1] == (9, 9)
        assert changes.is_weighty()


async def test_if_nothing_can_be_written_nothing_has_happened(path: Path) -> None:
    async with at_the_helm(path, api(max_retries=0), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        world = helm.world
        before = dict(world.states), dict(world.nodes), dict(world.ledgers), dict(world.incidents)
        with pytest.raises(StoreError):
            await a_pass(helm, report(helm, look(up=False, seq=9)), fails=True)
        assert (world.states, world.nodes, world.ledgers, world.incidents) == before


async def test_each_input_has_its_own_answer(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        _, answers, written = await a_pass(
            helm, report(helm, look(), node="stranger"), report(helm, look(seq=1))
        )
        assert isinstance(answers[0], Unregistered)
        assert isinstance(answers[1], ResultsAnswer)
        assert len(written) == 1


async def test_an_empty_pass_writes_nothing(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        assert (await a_pass(helm))[2] == []


async def test_an_up_where_all_is_well_judges_nothing(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        draft, _, (changes,) = await a_pass(helm, report(helm, look(seq=9)))
        assert draft.touched == set()
        assert changes.states == {}
        assert changes.votes == {}  # the result says all that is new of it
        assert len(changes.results) == 1
        assert helm.world.states["m"].votes["p"].observed == changes.results[0].observed


@pytest.mark.parametrize(
    "facts", [{"is_up": False}, {"failed": [{"text": "x", "found": "y", "soft": True}]}]
)
async def test_anything_else_is_judged(path: Path, facts: dict[str, Any]) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        draft, _, _ = await a_pass(helm, report(helm, look(seq=9) | facts))
        assert draft.touched == {"m"}


async def test_an_abstaining_result_is_judged_too(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        abstains = look(up=False, seq=9) | {"reason": "internal_error"}
        draft, _, _ = await a_pass(helm, report(helm, abstains))
        assert draft.touched == {"m"}
        assert helm.state().status is Status.UP
        assert helm.state().unknown_since is not None


async def test_a_monitor_without_channels_has_an_incident_and_tells_nobody(path: Path) -> None:
    async with at_the_helm(path, api(max_retries=0, channels=())) as helm:
        await helm.register("p")
        _, _, (changes,) = await a_pass(helm, report(helm, look(up=False)))
        assert len(changes.opened) == 1
        assert changes.notifications == []
