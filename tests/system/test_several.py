"""Several leaders on one PostgreSQL: real processes, one of which acts."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path

import anyio
import pytest

from tests.pgbouncer import needs_pgbouncer
from tests.system.api import SECRET
from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.pair import Pair
from tests.system.receiver import Receiver, Told
from tests.system.several import IN_TRANSACTION, TENTH, One, several
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

_NOTED = "SELECT number FROM notification WHERE done_ms IS NOT NULL"

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_when_the_one_that_acts_is_killed_another_goes_on_with_all_that_was_told(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        first, second, receiver = await town.target(), await town.target(), await town.receiver()
        async with several(town, 2) as leaders:
            await town.start_probe("west", region="west", peer=leaders.peers)
            sites = [site(first, "First"), site(second, "Second")]
            await town.apply({"alerts": [webhook(receiver)], "monitors": sites})
            for name in ("First", "Second"):
                await town.status_comes(name, "UP")
            first.mood = "503"
            await town.status_comes("First", "DOWN")
            await until("the outage is told and that noted", lambda: bool(leaders.ask(_NOTED)))
            assert news_of(receiver) == [("First", "down")]
            dead = await leaders.one_acts()
            dead.process.kill()
            await leaders.one_acts(but=dead)
            await town.status_comes("First", "DOWN")
            second.mood = "503"
            await town.status_comes("Second", "DOWN")
            first.mood = second.mood = "up"
            for name in ("First", "Second"):
                await town.status_comes(name, "UP")
            await until("all is told", lambda: len(news_of(receiver)) >= 4)
            assert sorted(news_of(receiver)) == sorted(
                [(name, event) for name in ("First", "Second") for event in ("down", "up")]
            )


async def knows(town: Cluster, name: str) -> bool:
    """Whether a monitor is there."""
    return name in await town.monitors()


def news_of(receiver: Receiver) -> list[tuple[str, str]]:
    """What was told of which monitor, in one message or several."""
    return [(news["monitor"], news["event"]) for one in receiver.told for news in one.news]


async def test_those_that_stand_by_show_edit_and_hear_jobs_and_send_probes_on(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        async with several(town, 2) as leaders:
            holder = await leaders.one_acts()
            idle = next(one for one in leaders.leaders if one is not holder)
            headers = {SECRET_HEADER: SECRET}
            town.port = idle.port
            token = "job-token-1234567890"
            job = {"name": "Job", "type": "push", "interval": 60, "token": token}
            await town.apply({"monitors": [job]})
            for one in (holder, idle):
                town.port = one.port
                await until(f"{one.name} knows the job", partial(knows, town, "Job"))
            beat = await town.http.get(f"{idle.url}/api/push", params={"token": token})
            assert beat.status_code == 200, beat.text
            for one in (holder, idle):
                town.port = one.port
                await town.status_comes("Job", "UP", within_s=20)
            registration = {"id": "p", "name": "p", "region": "", "version": "0"}
            refused = await town.http.post(
                f"{idle.url}/api/probe/register", json=registration, headers=headers
            )
            assert refused.status_code == 503
            for path in ("/metrics", "/status", "/api/v1/monitors", "/api/health"):
                answer = await town.http.get(f"{idle.url}{path}", headers=headers)
                assert answer.status_code == 200, path


async def test_one_that_stands_by_passes_on_what_only_the_other_can_do(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        target, receiver = await town.target(), await town.receiver()
        async with several(town, 2) as leaders:
            await town.start_probe("west", region="west", peer=leaders.peers)
            await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
            await town.status_comes("Site", "UP")
            target.mood = "503"
            await town.status_comes("Site", "DOWN")
            holder = await leaders.one_acts()
            idle = next(one for one in leaders.leaders if one is not holder)
            monitor = (await town.monitors())["Site"].id
            headers = {SECRET_HEADER: SECRET}
            asked = await town.http.post(
                f"{idle.url}/api/v1/monitors/{monitor}/recheck", headers=headers
            )
            assert asked.json()["done"] == [monitor], asked.text
            (incident,) = leaders.ask("SELECT id FROM incident")[0]
            url = f"{idle.url}/api/v1/incidents/{incident}/acknowledge"
            taken = await town.http.post(url, json={"note": "on it"}, headers=headers)
            assert taken.json()["acknowledged"]["note"] == "on it", taken.text

            async def is_known(one: One) -> bool:
                shown = await town.http.get(
                    f"{one.url}/api/v1/incidents/{incident}", headers=headers
                )
                return bool(shown.json().get("acknowledged"))

            await until("the one that acts knows of it", partial(is_known, holder))
            await until("nothing waits", lambda: not leaders.ask("SELECT kind FROM errand"))
            target.mood = "up"
            await town.status_comes("Site", "UP")
            late = await town.http.post(url, json={"note": "late"}, headers=headers)
            assert late.status_code == 409


async def test_a_clean_stop_hands_over_at_once(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:  # at the usual pace: the end of the lease takes 15 s
        town.timings = ""
        async with several(town, 2) as leaders:
            holder = await leaders.one_acts()
            holder.process.signal(signal.SIGTERM)
            await holder.process.ended()
            began = time.monotonic()
            await leaders.one_acts(but=holder, within_s=12)
            print(f"handed over in {time.monotonic() - began:.1f} s after its end")


async def test_a_message_that_is_being_sent_at_a_clean_stop_is_sent_once(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        target, receiver = await town.target(), await town.receiver()

        async def in_a_second(_: Told) -> int:
            await anyio.sleep(1)
            return 200

        receiver.respond = in_a_second
        async with several(town, 2) as leaders:
            await town.start_probe("west", region="west", peer=leaders.peers)
            await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
            await town.status_comes("Site", "UP")
            target.mood = "503"
            await until("a message is being sent", lambda: len(receiver.told) == 1)
            holder = await leaders.one_acts()
            await holder.process.stop()
            await leaders.one_acts(but=holder)
            target.mood = "up"
            await until("the recovery is told", lambda: "up" in receiver.events())
            assert receiver.events() == ["down", "up"]


async def test_one_that_stood_still_writes_and_sends_nothing_when_it_goes_on(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        async with several(town, 2) as leaders:
            for _ in range(3):
                holder = await leaders.one_acts()
                holder.pause()
                await leaders.one_acts(but=holder)
                holder.resume()
                await leaders.stands_by(holder)


async def test_a_database_that_is_away_for_a_while_is_waited_for(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        target, receiver = await town.target(), await town.receiver()
        async with several(town, 2) as leaders:
            await town.start_probe("west", region="west", peer=leaders.peers)
            await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
            await town.status_comes("Site", "UP")
            before = (await leaders.one_acts()).process
            leaders.server.stop()
            await anyio.sleep(3)
            assert await leaders.holder() is None
            leaders.server.start()
            await leaders.one_acts()
            assert before.is_running
            await town.status_comes("Site", "UP")
            assert receiver.told == []


@pytest.mark.parametrize("pooled", [0, pytest.param(8, marks=needs_pgbouncer)])
async def test_a_hole_that_opens_within_a_transaction_is_left_behind(
    tmp_path: Path, pooled: int
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        async with several(town, 3, pooled=pooled) as leaders:
            holder = await leaders.one_acts()
            holder.relay.trap(IN_TRANSACTION)
            await until("the hole is open", lambda: holder.relay.is_hole)
            await leaders.one_acts(but=holder)
            holder.relay.heal()
            await leaders.stands_by(holder)


async def test_a_follower_of_leaders_on_one_database_is_refused_in_one_line(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        async with several(town, 1) as leaders:
            holder = await leaders.one_acts()
            pair = Pair(town, towards=holder.port)
            await pair.start()
            words = "leaders on one PostgreSQL have no follower: start another leader on it instead"
            await until("it says so", lambda: words in pair.process.said())
            holder.process.kill()
            await until("it says why", lambda: "not taking over" in pair.process.said())
            assert pair.process.said().count(words) == 1
            assert not await pair.is_active()
            holder.start(leaders.database)
            await leaders.one_acts()
