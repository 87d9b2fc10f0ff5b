"""What must be true whatever happens: asserted where it is decided, told and counted, survived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.courts import START, Court
from tests.leader.helms import api, at_the_helm, hook
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.ballots import Count
from uptop_leader.changes import Changes
from uptop_leader.incidents import Incident
from uptop_leader.invariants import Breach, Breaches, backward, unproven_down, untold
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path


def down(node: str, proof: str | None, reason: Reason = Reason.TIMEOUT) -> Vote:
    """A failure as a bug might let it through: without proof, and not marked as isolated."""
    return Vote(node=node, observed=START, up=False, reason=reason, proof=proof)


def up(node: str) -> Vote:
    return Vote(node=node, observed=START, up=True)


def counted(*votes: Vote, strategy: str = "any-down") -> Count:
    fresh = {vote.node: vote for vote in votes}
    return Count(expected=frozenset(fresh), fresh=fresh, strategy=strategy, min_votes=1)


def is_unproven(*votes: Vote, strategy: str = "any-down") -> bool:
    return unproven_down("m", counted(*votes, strategy=strategy)) is not None


@pytest.mark.parametrize("proof", ["host", None])
def test_a_down_with_proof_or_that_needs_none_stands(proof: str | None) -> None:
    assert not is_unproven(down("a", proof), up("b"))


def test_a_down_that_stands_on_a_failure_without_proof_alone_is_a_breach() -> None:
    assert is_unproven(down("a", "none"))
    assert is_unproven(down("a", "none"), down("b", "none"), up("c"), strategy="majority-down")


def test_the_leader_alone_is_no_proof_against_another_node_that_sees_it_up() -> None:
    assert is_unproven(down("a", "leader"), up("b"))
    assert not is_unproven(down("a", "leader"), down("b", "leader"))


def test_a_failure_that_is_not_of_the_network_needs_no_proof() -> None:
    assert not is_unproven(down("a", "none", Reason.STATUS_MISMATCH))


def test_an_unproven_vote_beside_enough_proven_ones_changes_nothing() -> None:
    assert not is_unproven(down("a", "none"), down("b", "host"), up("c"))


def test_a_down_by_nobodys_vote_is_a_breach() -> None:
    assert is_unproven(up("a"))


def test_the_judge_believes_no_such_down_and_says_so() -> None:
    court = Court(max_retries=0)
    court.all_up()
    state = court.state
    court.state = replace(state, votes={**state.votes, "a": down("a", "none")})
    court.judge(turned=True)
    assert court.breaches == ["I5"]
    assert court.believes(Belief.UP)
    assert court.shows(Status.UP)
    assert not court.is_rechecking()
    assert court.told == ["UP"]


def test_an_older_vote_in_place_of_a_newer_is_a_breach() -> None:
    older, newer = up("a"), replace(up("a"), observed=START + 1)
    assert backward("m", newer, older) is not None
    assert backward("m", older, newer) is None
    assert backward("m", None, older) is None


def test_an_incident_that_says_it_was_told_and_was_not_is_a_breach() -> None:
    monitor, channel = api(), hook()
    incident = Incident(id="i", monitor="m", number=1, name="m", started=START, confirmed=START)
    known = ({"m": monitor}, {"c": channel})
    assert [one.invariant for one in untold(Changes(opened=[incident]), *known)] == ["I2"]
    held = replace(incident, untold="dependency")
    assert list(untold(Changes(opened=[incident], amended=[held]), *known)) == []
    assert list(untold(Changes(opened=[incident]), {"m": monitor}, {})) == []


def test_a_breach_is_counted_each_time_and_logged_once_a_minute() -> None:
    breaches, breach = Breaches(), Breach("I5", "m", "why")
    lines = [line for at in (0.0, 5.0, 59.0, 61.0) for line in breaches.note([breach], at)]
    assert lines == ["invariant I5 does not hold, a bug: m: why"] * 2
    assert breaches.counts == {"I5": 4}


@pytest.mark.anyio
async def test_a_breach_takes_no_leader_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(max_retries=0), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        state = helm.state()
        unproven = replace(down("p", "none"), observed=helm.clock.at)
        helm.world.states["m"] = replace(state, votes={"p": unproven})
        helm.engine.begin()
        await helm.engine.turn()
        assert "invariant I5 does not hold" in caplog.text
        assert helm.state().belief is Belief.UP
        assert helm.leader.gauges().breaches == {"I5": 1}
        assert helm.leader.health().status == "ok"
        await helm.sees("p")
        assert helm.state().status is Status.UP
