"""A leader alone does everything itself; where a probe can look, it leaves that to the probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _voters(town: Cluster) -> set[str]:
    """Whose fresh votes the monitor rests on."""
    return {vote.node for vote in (await town.monitor("Site")).votes if vote.fresh}


async def _looks_only(town: Cluster, name: str, within_s: float = 30.0) -> None:
    """Wait until `name` alone looks, and everybody else has stopped."""

    async def alone() -> bool:
        return await _voters(town) == {name}

    await until(f"{name} alone looks", alone, within_s)


async def test_a_leader_alone_runs_every_check_and_tells_of_an_outage(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader()
        port = {
            "name": "Port",
            "type": "port",
            "hostname": "127.0.0.1",
            "port": town.port,
            "interval": 1,
        }
        monitors = [site(target), port]
        await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
        await town.status_comes("Site", "UP")
        await town.status_comes("Port", "UP")
        target.mood = "503"
        await until("DOWN is told", lambda: receiver.events("Site") == ["down"])
        target.mood = "up"
        await until("UP is told", lambda: receiver.events("Site") == ["down", "up"])
        assert target.counts().keys() == {"leader"}


@pytest.mark.parametrize("ending", ["stopped", "killed"])
async def test_the_leader_hands_over_to_a_probe_and_takes_back_when_it_is_gone(
    tmp_path: Path, ending: str
) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader()
        await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
        await town.status_comes("Site", "UP")
        await _looks_only(town, "leader")
        probe = await town.start_probe("west", "eu-west")
        await _looks_only(town, "west")
        if ending == "stopped":
            await probe.stop()
        else:
            probe.kill()
        await _looks_only(town, "leader")
        await town.looks_come(target, each=2)
        assert town.history.moves("Site") == [("PENDING", "UP")]
        assert receiver.events("Site") == []


async def test_an_outage_goes_on_through_handing_over_and_taking_back(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader()
        await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
        await town.status_comes("Site", "UP")
        target.mood = "503"
        await until("DOWN is told", lambda: receiver.events("Site") == ["down"])
        probe = await town.start_probe("west", "eu-west")
        await _looks_only(town, "west")
        await probe.stop()
        await _looks_only(town, "leader")
        await town.looks_come(target, each=2)
        assert receiver.events("Site") == ["down"]
        target.mood = "up"
        await until("UP is told", lambda: receiver.events("Site") == ["down", "up"])
        assert len(await town.incidents()) == 1
