"""What comes to the engine: changes of the configuration, push signals, certificates, own turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import api, at_the_helm, hook, look
from uptop_core.check import Check
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.checks.tls import TlsCheck
from uptop_core.monitors import NotifySwitches
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leader.helms import Helm

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


async def an_outage(helm: Helm) -> None:
    await helm.register("p")
    await helm.sees("p")
    helm.clock.at += 60
    await helm.goes_down("p")


async def test_a_new_monitor_begins_as_pending_and_is_assigned(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.change(api("new"))
        assert helm.state("new").status is Status.PENDING
        assert {one.id for one in helm.engine.assignments("p")[1].monitors} == {"m", "new"}


async def test_a_monitor_that_begins_paused_is_shown_as_paused(path: Path) -> None:
    async with at_the_helm(path, hook()) as helm:
        await helm.register("p")
        await helm.change(api(paused=True))
        assert helm.state().status is Status.PAUSED
        assert helm.engine.assignments("p")[1].monitors == ()
        assert helm.told() == []


async def test_pausing_closes_the_incident_with_its_cause_and_tells_it(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await an_outage(helm)
        await helm.change(api(paused=True))
        assert helm.state().status is Status.PAUSED
        assert helm.state().incident is None
        (incident,) = helm.incidents()
        assert (incident.cause, incident.ended) == ("paused", helm.clock.at)
        assert helm.told() == ["down", "paused"]
        answer = await helm.report("p", look(seq=99))
        assert answer.accepted == 0


async def test_what_is_resumed_is_pending_and_knows_no_old_votes(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await an_outage(helm)
        await helm.change(api(paused=True))
        await helm.change(api())
        state = helm.state()
        assert (state.status, state.belief, state.votes) == (Status.PENDING, Belief.PENDING, {})
        assert helm.state().run is None
        await helm.sees("p")
        assert helm.state().status is Status.UP
        assert helm.told() == ["down", "paused"]


async def test_a_second_incident_after_a_pause_has_a_number_and_a_key_of_its_own(
    path: Path,
) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await an_outage(helm)
        await helm.change(api(paused=True))
        await helm.change(api())
        helm.clock.at += 60
        await helm.goes_down("p")
        assert sorted(incident.number for incident in helm.incidents()) == [1, 2]
        assert len({incident.id for incident in helm.incidents()}) == 2


async def test_deleting_closes_the_incident_with_its_cause_and_tells_it(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await an_outage(helm)
        await helm.change(drop=("m",))
        (incident,) = helm.incidents()
        assert incident.cause == "deleted"
        assert helm.told() == ["down", "deleted"]
        assert helm.world.states == {}
        answer = await helm.report("p", look(seq=99))
        assert "not assigned" in answer.rejected[0].why
        await helm.wait(200, step=20)


async def test_changed_regions_move_the_monitor_and_drop_the_votes_of_who_lost_it(
    path: Path,
) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p", region="eu")
        await helm.register("q", region="us")
        await helm.sees("p")
        await helm.sees("q")
        await helm.change(api(regions=("us",)))
        assert helm.engine.assignments("p")[1].monitors == ()
        assert set(helm.state().votes) == {"q"}
        assert helm.state().electors == {"q"}
        assert helm.state().status is Status.UP


async def test_a_changed_check_is_looked_at_soon(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        (given,) = helm.engine.assignments("p")[1].monitors
        assert not given.soon
        await helm.change(api(check=HttpCheck(url="https://other.example.com")))
        (given,) = helm.engine.assignments("p")[1].monitors
        assert given.soon
        await helm.sees("p")
        (given,) = helm.engine.assignments("p")[1].monitors
        assert not given.soon


async def test_a_group_follows_its_members_and_has_an_incident_of_its_own(path: Path) -> None:
    inner = api("inner", check=GroupCheck(), parent="outer", channels=())
    outer = api("outer", check=GroupCheck())
    monitors = outer, inner, api(parent="inner", channels=()), api("other", parent="inner")
    async with at_the_helm(path, *monitors, hook()) as helm:
        await helm.register("p")
        assert helm.state("outer").status is Status.PENDING
        await helm.sees("p", "other")
        await an_outage(helm)
        assert helm.state("inner").status is helm.state("outer").status is Status.DOWN
        assert {one.monitor for one in helm.incidents()} == {"m", "inner", "outer"}
        assert helm.told() == ["down"]
        await helm.change(api(parent="inner", channels=(), paused=True))
        assert helm.state("outer").status is Status.UP
        assert helm.world.incidents == {}


async def test_a_push_job_lives_by_its_heartbeats(path: Path) -> None:
    job = api("job", check=PushCheck(token="t" * 20, grace=60), interval=120.0)
    async with at_the_helm(path, job, hook()) as helm:
        assert helm.state("job").status is Status.PENDING

        async def beat(signal: str) -> bool:
            return await helm.during(lambda: helm.leader.heartbeat("t" * 20, signal, ""))

        assert await beat("success")
        assert helm.state("job").status is Status.UP
        await helm.wait(121)
        assert helm.state("job").status is Status.LATE
        await helm.wait(60)
        assert helm.state("job").status is Status.DOWN
        assert await beat("start")
        assert helm.state("job").status is Status.DOWN
        assert await beat("0")
        assert helm.state("job").status is Status.UP
        assert await beat("2")
        assert helm.state("job").status is Status.DOWN
        assert "exit code 2" in helm.incidents()[0].detail
        assert not await helm.leader.heartbeat("unknown", "success", "")


@pytest.mark.parametrize(
    "watched",
    [HttpCheck(url="https://x.example.com", check_ssl=True), TlsCheck(hostname="x.example.com")],
    ids=["http", "tls"],
)
async def test_a_certificate_is_warned_of_once(path: Path, watched: Check) -> None:
    async with at_the_helm(path, api(check=watched), hook()) as helm:
        await helm.register("p")
        end = round(helm.clock.at * 1000) + 7 * DAY_MS + 60_000
        await helm.sees("p", cert_end=end)
        assert helm.told() == []
        helm.clock.at += 61
        await helm.sees("p", cert_end=end)
        assert helm.told() == ["cert"]
        for _ in range(3):
            helm.clock.at += 60
            await helm.sees("p", cert_end=end)
        assert helm.told() == ["cert"]
        await helm.sees("p", cert_end=end + DAY_MS)
        await helm.sees("p", cert_end=end - DAY_MS)
        assert helm.told() == ["cert", "cert"]
    async with at_the_helm(path, at=helm.clock.at + 60) as again:
        await again.sees("p", cert_end=end)
        assert again.told() == ["cert", "cert"]


async def test_a_certificate_nobody_wants_to_hear_of_is_not_told(path: Path) -> None:
    watched = HttpCheck(url="https://x.example.com", check_ssl=True)
    silent = api("silent", check=watched, notify=NotifySwitches(cert=False))
    plain = api("plain")
    async with at_the_helm(path, silent, plain, hook()) as helm:
        await helm.register("p")
        for monitor in ("silent", "plain"):
            await helm.sees("p", monitor, cert_end=round(helm.clock.at * 1000))
        assert helm.told() == []
        assert helm.state("silent").cert_end is not None


async def test_the_leader_hands_back_at_a_probes_first_vote(path: Path) -> None:
    async with at_the_helm(path, api(), hook(), leader_checks="auto") as helm:
        own = helm.world.own.id
        assert list(helm.world.assigned["m"]) == [own]
        await helm.register("p")
        assert list(helm.world.assigned["m"]) == ["p", own]
        await helm.sees("p", up=False)
        abstains = look(up=False, seq=helm.seq("p")) | {"reason": "blocked_target"}
        await helm.report("p", abstains)
        await helm.engine.turn()
        assert list(helm.world.assigned["m"]) == ["p"]
        await helm.wait(100)
        assert list(helm.world.assigned["m"]) == ["p", own]
        await helm.report("p", abstains | {"seq": helm.seq("p")})
        await helm.engine.turn()
        assert list(helm.world.assigned["m"]) == ["p", own]
        await helm.sees("p")
        await helm.engine.turn()
        assert list(helm.world.assigned["m"]) == ["p"]
