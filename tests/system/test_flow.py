"""The main job from end to end, with real processes: an outage seen from two places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until
from uptop_core.views import IncidentView

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _two_regions(town: Cluster) -> tuple[Target, Receiver]:
    """A leader, a probe in each of two regions, one monitor that both have seen up."""
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    await town.start_probe("west", "eu-west")
    await town.start_probe("east", "us-east")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
    await town.status_comes("Site", "UP")
    await town.votes_come("Site", 2)
    return target, receiver


async def test_an_outage_seen_from_two_places_is_one_incident_told_once_each_way(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await _two_regions(town)
        target.mood = "503"
        await town.status_comes("Site", "DOWN")
        await until("DOWN is told", lambda: receiver.events() == ["down"])
        assert receiver.told[0].body["regions"] == ["eu-west", "us-east"]
        assert receiver.told[0].body["reasons"] == "2 × HTTP 503"
        assert await _public(town) == {"Site": "DOWN"}
        assert "All systems are down" in await _page(town)

        target.mood = "up"
        await town.status_comes("Site", "UP")
        await until("UP is told", lambda: receiver.events() == ["down", "up"])
        await town.looks_come(target, each=3)
        await town.all_told()
        assert receiver.events() == ["down", "up"]
        assert receiver.repeats() == {}
        assert await _public(town) == {"Site": "UP"}

        incidents = await town.incidents()
        assert len(incidents) == 1
        await _evidence_names_both(town, incidents[0])
        assert {told.body["incident"] for told in receiver.told} == {incidents[0].id}


async def _evidence_names_both(town: Cluster, incident: IncidentView) -> None:
    full = await town.get(f"/api/v1/incidents/{incident.id}", IncidentView)
    assert {vote.node: (vote.region, vote.up, vote.status_code) for vote in full.evidence} == {
        "west": ("eu-west", False, 503),
        "east": ("us-east", False, 503),
    }
    assert incident.ended is not None
    assert incident.started < incident.confirmed <= incident.ended


async def _public(town: Cluster) -> dict[str, str]:
    """What /status/json says of each monitor (it is made at most once a second)."""
    answer = await town.http.get(f"{town.url}/status/json")
    return {monitor["name"]: monitor["status"] for monitor in answer.json()["monitors"]}


async def _page(town: Cluster) -> str:
    answer = await town.http.get(f"{town.url}/status")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


async def test_a_target_that_nobody_can_connect_to_is_down_and_says_why(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await _two_regions(town)
        await target.leave()
        down = await town.status_comes("Site", "DOWN")
        assert {vote.reason for vote in down.votes} == {"connect_refused"}
        await target.come()
        await town.status_comes("Site", "UP")
        await until("both are told", lambda: receiver.events() == ["down", "up"])
