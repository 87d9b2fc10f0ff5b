"""UNKNOWN, PARTIAL and DEGRADED are statuses like UP and DOWN, wherever people look and are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.leader.declarations import applied
from tests.leader.helms import Helm, api, at_the_helm, hook, look
from tests.leader.stage_memory import ADMIN
from tests.leader.stages import Stage, client, down, up
from uptop_core.api_answers import MonitorList
from uptop_core.outcomes import FailedCondition
from uptop_core.votes import Vote
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Status

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from uptop_core.monitors import NotifySwitches

pytestmark = pytest.mark.anyio

QUALIFIED = ("UNKNOWN", "PARTIAL", "DEGRADED")
SLOW = {"text": "latency < 500ms", "found": "612 ms", "soft": True}


@pytest.fixture(params=QUALIFIED)
def word(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def shown(word: str) -> Stage:
    """One monitor of that status beside one that is up."""
    stage = Stage(LeaderSettings(status_enabled=True))
    stage.add_node("fra", "eu-west")
    stage.add_node("nyc", "us-east")
    soft = (FailedCondition("latency < 500ms", "612 ms", soft=True),)
    votes: dict[str, list[Vote]] = {
        "UNKNOWN": [up("fra", ago=900.0), up("nyc", ago=900.0)],
        "PARTIAL": [down("fra"), up("nyc")],
        "DEGRADED": [replace(up("fra"), failed=soft), up("nyc")],
    }
    stage.add("API", Status(word), votes[word])
    stage.add("Site", votes=[up("fra"), up("nyc")])
    return stage


async def get(stage: Stage, path: str) -> httpx.Response:
    async with client(stage, token=ADMIN) as http:
        response = await http.get(path)
    assert response.status_code == 200
    return response


async def test_the_api_shows_it_and_says_why(word: str) -> None:
    response = await get(shown(word), f"/api/v1/monitors?status={word.lower()}")
    (view,) = msgspec.json.decode(response.content, type=MonitorList).monitors
    why = {
        "UNKNOWN": "0 of 2 votes, 2 needed",
        "PARTIAL": "1 × HTTP 503: HTTP 503 from 192.0.2.7",
        "DEGRADED": "1 × latency < 500ms (612 ms)",
    }
    assert (view.status, view.error) == (word, why[word])


async def test_the_status_page_shows_it_on_its_row_and_banner(word: str) -> None:
    page = (await get(shown(word), "/status")).text
    headlines = {
        "UNKNOWN": "cannot be judged",
        "PARTIAL": "cannot be reached from everywhere",
        "DEGRADED": "less well than they should be",
    }
    assert headlines[word] in page
    assert f"</span>{word.capitalize()}</p>" in page
    assert ("down from 1 of 2 regions" in page) == (word == "PARTIAL")


async def test_the_status_as_json_names_it(word: str) -> None:
    body: dict[str, Any] = (await get(shown(word), "/status/json")).json()
    assert body["overall"] == word
    assert [one["status"] for one in body["monitors"]] == [word, "UP"]


async def test_metrics_have_it_as_a_state_of_its_own(word: str) -> None:
    text = (await get(shown(word), "/metrics")).text
    samples = [sample for family in parse(text) for sample in family.samples]
    states = {
        one.labels["uptop_monitor_status"]: one.value
        for one in samples
        if one.name == "uptop_monitor_status" and one.labels["name"] == "API"
    }
    assert [status for status, value in states.items() if value] == [word]
    up_of = [
        one.value
        for one in samples
        if (one.name, one.labels.get("name")) == ("uptop_monitor_up", "API")
    ]
    assert up_of == ([] if word == "UNKNOWN" else [1.0])  # not known is neither up nor down


def switched(word: str, chosen: str) -> NotifySwitches:
    """The switches of a document: as they come, or this status on or off."""
    line = "" if chosen == "default" else f", notify: {{{word.lower()}: {chosen}}}"
    text = f"monitors:\n  - {{name: API, type: http, url: 'https://a.example.com/'{line}}}\n"
    (monitor,) = applied(text).monitors
    return monitor.notify


async def becomes(helm: Helm, word: str) -> None:
    """Two nodes see it up, and then see to it that it is UNKNOWN, PARTIAL or DEGRADED."""
    for node in ("a", "b", "c"):
        await helm.register(node)
        await helm.sees(node)
    await helm.wait(5)
    if word == "DEGRADED":
        for node in ("a", "b", "c"):
            await helm.sees(node, failed=[SLOW])
    elif word == "PARTIAL":
        await helm.sees("a", up=False)
        await helm.wait(1)
        await helm.answers("a", up=False)
        await helm.answers("b")
        await helm.answers("c")
    else:
        for _ in range(14):
            await helm.wait(30)
            broken = look(up=False, seq=helm.seq("a"), reason="internal_error")
            await helm.report("a", broken)
            for node in ("b", "c"):
                await helm.report(node)
    assert helm.state().status is Status(word)


@pytest.mark.parametrize("chosen", ["default", "true", "false"])
async def test_the_switch_in_yaml_says_whether_it_is_told(
    word: str, chosen: str, tmp_path: Path
) -> None:
    watched = api(aggregation="majority-down", notify=switched(word, chosen))
    async with at_the_helm(tmp_path / "uptop.db", watched, hook()) as helm:
        await becomes(helm, word)
        is_told = word == "UNKNOWN" if chosen == "default" else chosen == "true"
        assert helm.told() == ([word.lower()] if is_told else [])
        for node in ("a", "b", "c"):
            await helm.sees(node)
        assert helm.state().status is Status.UP
        is_told_too = is_told and word != "UNKNOWN"  # the way back from not knowing is no news
        assert helm.told() == ([word.lower()] if is_told else []) + ["up"] * is_told_too
