"""The configuration is changed by a command beside a running leader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.processes import run_command
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SEEN_S = 2.0


async def _command(town: Cluster, document: dict[str, Any], *flags: str) -> int:
    """`uptop-leader apply` with the settings of the leader; its exit code."""
    path = town.folder / "document.json"
    path.write_bytes(msgspec.json.encode(document))
    done = await run_command(
        ["-m", "uptop_leader", "apply", "-f", str(path), *flags],
        town.folder,
        town.leader_environment(),
    )
    assert "Traceback" not in done.stderr.decode()
    return done.returncode


async def _in_an_outage(town: Cluster) -> tuple[Target, Receiver, dict[str, Any]]:
    target, receiver = await town.target(), await town.receiver()
    target.mood = "503"
    await town.start_leader(leader_checks="never")
    await town.start_probe("west", "eu-west")
    document = {"alerts": [webhook(receiver)], "monitors": [site(target)]}
    assert await _command(town, document) == 0
    await until("DOWN is told", lambda: receiver.events() == ["down"])
    return target, receiver, document


async def test_a_change_is_seen_within_two_seconds_and_a_dry_run_changes_nothing(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader()
        document = {"alerts": [webhook(receiver)], "monitors": [site(target)]}
        assert await _command(town, document, "--dry-run") == 3
        assert await town.monitors() == {}
        assert await _command(town, document) == 0
        await until("the new monitor is seen", lambda: _is_named(town, "Site"), SEEN_S)
        assert await _command(town, document, "--dry-run") == 0


async def test_a_paused_monitor_closes_its_incident_and_is_left_alone_until_it_is_resumed(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        target, receiver, document = await _in_an_outage(town)
        document["monitors"][0]["paused"] = True
        assert await _command(town, document) == 0
        await town.status_comes("Site", "PAUSED", SEEN_S)
        await until("the end is told", lambda: receiver.events() == ["down", "paused"])
        assert [incident.cause for incident in await town.incidents()] == ["paused"]
        await anyio.sleep(1.5)  # a look that was under way may still end
        looks = len(target.looks)
        await anyio.sleep(2.5)  # two intervals in which nobody may look
        assert len(target.looks) == looks

        target.mood = "up"
        document["monitors"][0]["paused"] = False
        assert await _command(town, document) == 0
        await town.status_comes("Site", "UP")
        await town.all_told()
        assert receiver.events() == ["down", "paused"]


async def test_a_deleted_monitor_closes_its_incident(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        _, receiver, document = await _in_an_outage(town)
        del document["monitors"][0]
        assert await _command(town, document, "--prune") == 0
        await until("the end is told", lambda: receiver.events() == ["down", "deleted"], 5)
        assert await town.monitors() == {}
        assert [incident.cause for incident in await town.incidents()] == ["deleted"]


async def test_a_renamed_monitor_keeps_its_history_and_its_open_incident(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver, document = await _in_an_outage(town)
        before = await town.monitor("Site")
        document["monitors"][0] |= {"name": "Shop", "id": before.id}
        assert await _command(town, document) == 0
        await until("the new name is shown", lambda: _is_named(town, "Shop"), SEEN_S)
        assert (await town.monitor("Shop")).incident == before.incident
        target.mood = "up"
        await until("UP is told", lambda: receiver.events() == ["down", "up"])
        assert receiver.told[1].monitor == "Shop"
        assert len(await town.incidents()) == 1


async def _is_named(town: Cluster, name: str) -> bool:
    return name in await town.monitors()
