"""What is wrong with nodes, as the API and metrics show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.leader.helms import api, at_the_helm, hook
from tests.leader.stages import NOW, SECRET, Stage, client
from uptop_core.views import TROUBLES, CanariesView, TroubleView
from uptop_core.wire import Canaries
from uptop_leader.node_views import node_views
from uptop_leader.nodes import Troubles
from uptop_leader.refusals import InstanceConflict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leader.helms import Helm


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.add_node("fra", "eu-west")
    return stage


def change(stage: Stage, **facts: object) -> tuple[TroubleView, ...]:
    """The troubles of the node when these facts are known of it."""
    stage.nodes["fra"] = replace(stage.nodes["fra"], **facts)
    (view,) = node_views(stage.nodes, stage.standings(), stage.clock)
    return view.troubles


def trouble(kind: str, since: float | None = None) -> TroubleView:
    return TroubleView(kind=kind, since=None if since is None else round(since * 1000))


def test_a_node_that_is_well_has_no_troubles(stage: Stage) -> None:
    assert change(stage) == ()


def test_a_node_unheard_is_offline_since_it_was_last_heard(stage: Stage) -> None:
    assert change(stage, heard=NOW - 61) == (trouble("offline", NOW - 61),)
    assert change(stage, heard=NOW - 4000) == (trouble("offline", NOW - 4000),)


def test_a_node_that_said_it_stops_is_not_in_trouble(stage: Stage) -> None:
    assert change(stage, heard=NOW - 400, stopping=True) == ()


def test_a_clock_more_than_five_seconds_wrong_is_one(stage: Stage) -> None:
    assert change(stage, offset_ms=5000) == ()
    assert change(stage, offset_ms=-5001) == (trouble("clock_off"),)


def test_another_process_of_its_id_is_one_while_it_keeps_asking(stage: Stage) -> None:
    assert change(stage, rival=NOW - 6) == (trouble("two_of_one_id"),)
    assert change(stage, rival=NOW - 60) == ()


def test_the_worst_comes_first(stage: Stage) -> None:
    troubles = change(
        stage,
        offset_ms=90_000,
        heard=NOW - 70,
        rival=NOW,
        troubles=Troubles(odd=NOW - 9, blind=NOW - 8),
    )
    assert [one.kind for one in troubles] == list(TROUBLES)


@pytest.mark.anyio
async def test_metrics_show_each_trouble_of_each_node(stage: Stage) -> None:
    stage.add_node("nyc", "us-east")
    change_of = stage.nodes["fra"]
    stage.nodes["fra"] = replace(change_of, offset_ms=9000, troubles=Troubles(odd=NOW - 9))
    async with client(stage, secret=SECRET) as http:
        text = (await http.get("/metrics")).text
    found = {
        (sample.labels["node"], sample.labels["trouble"]): sample.value
        for family in parse(text)
        for sample in family.samples
        if sample.name == "uptop_node_trouble"
    }
    assert set(found) == {(node, kind) for node in ("fra", "nyc") for kind in TROUBLES}
    assert {which for which, value in found.items() if value} == {
        ("fra", "odd_one"),
        ("fra", "clock_off"),
    }


@pytest.mark.anyio
async def test_a_second_process_that_is_refused_shows_on_the_node(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p")
        with pytest.raises(InstanceConflict):
            await helm.register("p", instance="another")
        views = node_views(helm.world.nodes, helm.leader.standings(), helm.clock.at)
        assert {view.id: view.trouble for view in views} == {"leader": "", "p": "two_of_one_id"}
        await helm.wait(31)
        views = node_views(helm.world.nodes, helm.leader.standings(), helm.clock.at)
        assert {view.trouble for view in views} == {""}


@pytest.mark.anyio
async def test_spool_and_canaries_show_as_last_told_and_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        assert _told(helm)["p"] == (None, None)
        said = Canaries(count=2, up=1, failed=1, age_ms=4000)
        await helm.report("p", waiting=12, canaries=said)
        asked = round((helm.clock.at - 4) * 1000)
        shown = (12, CanariesView(count=2, up=1, failed=1, asked=asked))
        assert _told(helm)["p"] == shown
    async with at_the_helm(path) as helm:
        assert _told(helm)["p"] == shown
        await helm.report("p", canaries=Canaries(count=1))
        assert _told(helm)["p"] == (None, CanariesView(count=1))
        await helm.report("p", canaries=Canaries(count=1, age_ms=2**53 - 1))
        assert _told(helm)["p"] == (None, CanariesView(count=1, asked=0))


def _told(helm: Helm) -> dict[str, tuple[int | None, CanariesView | None]]:
    views = node_views(helm.world.nodes, helm.leader.standings(), helm.clock.at)
    return {view.id: (view.waiting, view.canaries) for view in views}
