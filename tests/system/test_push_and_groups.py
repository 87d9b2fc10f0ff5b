"""Jobs that report by themselves, and groups that are as their members are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.processes import run_command
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _token(town: Cluster) -> str:
    """The push token of the one push monitor, as the export shows it."""
    done = await run_command(
        ["-m", "uptop_leader", "export"], town.folder, town.leader_environment()
    )
    lines = done.stdout.decode().splitlines()
    return next(line.partition("token:")[2].strip() for line in lines if "token:" in line)


async def _push(town: Cluster, path: str) -> None:
    answer = await town.http.post(f"{town.url}/api/push/{path}")
    assert answer.json() == {"ok": True}


async def test_a_job_is_up_late_and_down_by_its_heartbeats(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        receiver = await town.receiver()
        await town.start_leader()
        job = {"name": "Backup", "type": "push", "interval": 2, "grace": 2, "alerts": ["ops"]}
        await town.apply({"alerts": [webhook(receiver)], "monitors": [job]})
        token = await _token(town)
        assert (await town.monitor("Backup")).status == "PENDING"
        await _push(town, token)
        await town.status_comes("Backup", "UP", 1)
        await town.status_comes("Backup", "LATE", 4)
        assert receiver.events() == []
        await until("the silence is told", lambda: receiver.events() == ["down"])
        await _push(town, f"{token}/start")
        await _push(town, f"{token}/0")
        await until("the success is told", lambda: receiver.events() == ["down", "up"])


async def test_a_job_that_says_that_it_failed_is_down_at_once(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        receiver = await town.receiver()
        await town.start_leader()
        job = {"name": "Backup", "type": "push", "interval": 3600, "alerts": ["ops"]}
        await town.apply({"alerts": [webhook(receiver)], "monitors": [job]})
        token = await _token(town)
        await _push(town, f"{token}/3")
        await until("the failure is told", lambda: receiver.events() == ["down"])
        assert "exit code 3" in receiver.told[0].body["detail"]
        await _push(town, token)
        await until("the success is told", lambda: receiver.events() == ["down", "up"])


async def test_a_group_is_down_while_one_of_its_members_is_and_tells_its_own_channels(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        one, two, receiver = await town.target(), await town.target(), await town.receiver()
        await town.start_leader()
        members = [site(one, "One", alerts=[]), site(two, "Two", alerts=[])]
        group = {"name": "Shop", "type": "group", "alerts": ["ops"], "monitors": members}
        await town.apply({"alerts": [webhook(receiver)], "monitors": [group]})
        await town.status_comes("Shop", "UP")
        two.mood = "503"
        await town.status_comes("Shop", "DOWN")
        assert (await town.monitor("One")).status == "UP"
        two.mood = "up"
        await town.status_comes("Shop", "UP")
        await town.all_told()
        assert receiver.events() == ["down", "up"]
        assert receiver.monitors() == ["Shop", "Shop"]
