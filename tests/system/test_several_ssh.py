"""The terminal UI over SSH, of several leaders on one PostgreSQL: at each the same, for all of them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.leader.far_screens import looking, new_key, public
from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.several import TENTH, One, several
from tests.system.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_sits_at_one_that_stands_by_sees_and_does_all_and_stays_when_it_acts(
    tmp_path: Path,
) -> None:
    key = new_key("root@laptop")
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        target, receiver = await town.target(), await town.receiver()
        async with several(town, 2, port="0", admin_key=public(key)) as leaders:
            await town.start_probe("west", region="west", peer=leaders.peers)
            await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
            await town.status_comes("Site", "UP")
            holder = await leaders.one_acts()
            idle = next(one for one in leaders.leaders if one is not holder)
            async with looking(ssh_port(idle), key) as screen:
                await screen.sees("Site")
                await screen.sees("live")
                screen.type("p")
                await town.status_comes("Site", "PAUSED")
                await screen.sees("PAUSED")
                screen.forget()
                screen.type("u")
                await town.status_comes("Site", "UP")
                target.mood = "503"
                await town.status_comes("Site", "DOWN")
                await screen.sees("DOWN")
                screen.type("3")
                await screen.sees("1 open")
                screen.type("a")
                await screen.sees("A note for the others")
                screen.type("on it\r")
                await until("it is taken on", partial(is_taken_on, town))
                holder.process.kill()
                await leaders.one_acts(but=holder)
                screen.forget()
                target.mood = "up"
                screen.type("1")
                await town.status_comes("Site", "UP")
                await screen.sees("UP")
                screen.type("q")
                assert await screen.ends() == (0, "")
            assert "Traceback" not in idle.process.said()


async def is_taken_on(town: Cluster) -> bool:
    """Whether the leader that acts knows that somebody looks into the incident."""
    (incident,) = await town.incidents()
    return incident.acknowledged is not None and incident.acknowledged.note == "on it"


def ssh_port(one: One) -> int:
    """Where a leader listens for SSH."""
    found = re.search(r"listening on ssh://\S+:(\d+)", one.process.said())
    assert found is not None
    return int(found[1])
