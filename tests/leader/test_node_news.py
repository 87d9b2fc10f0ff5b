"""What is told of sick nodes: one message per cause, also over a restart. FAULTS 8, 9, 10."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook, look
from tests.leader.store_samples import NOON
from uptop_core.checks.group import GroupCheck
from uptop_core.monitors import Monitor
from uptop_core.views import TroubleView
from uptop_leader.node_views import node_views
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.messages import Message

pytestmark = pytest.mark.anyio

MONITORS = [f"m{n}" for n in range(6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def messages(helm: Helm) -> list[tuple[str, Message]]:
    """(channel, message) of everything that can be sent now."""
    claimed = helm.store.claim(helm.clock.at, 60.0, 99)
    return [(one.notification.channel, one.notification.message) for one in claimed]


async def all_see(helm: Helm, *nodes: str, up: bool = True, **facts: object) -> None:
    for node in nodes:
        for monitor in MONITORS:
            await helm.sees(node, monitor, up, **facts)


async def test_a_lost_node_is_told_once_to_each_channel_and_names_what_nobody_sees(
    path: Path,
) -> None:
    monitors = [api("m0", channels=("c", "d")), api("m1"), api("elsewhere", regions=("us",))]
    channels = [hook("c"), hook("d"), hook("unused")]
    async with at_the_helm(path, *monitors, *channels) as helm:
        await helm.register("p", "eu")
        await helm.sees("p", "m0")
        await helm.sees("p", "m1")
        await helm.wait(119)
        assert helm.told() == []
        await helm.wait(2)
        told = dict(messages(helm))
        assert {channel: one.event for channel, one in told.items()} == {
            "c": "node_offline",
            "d": "node_offline",
        }
        assert told["c"].monitor == "p"
        assert told["c"].started_at == round(NOON * 1000)
        assert told["c"].detail == (
            "Its region is eu. Nobody can say now whether these are up: m0, m1."
        )
        await helm.wait(600)
        assert helm.state("m0").status is Status.UNKNOWN
        # "elsewhere" has never had a node: that is its own.
        assert sorted(helm.told()) == ["node_offline", "node_offline", "unknown"]


async def test_what_another_node_still_sees_is_not_named(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        for node in "pq":
            await helm.register(node)
            await helm.sees(node)
        for _ in range(5):
            await helm.wait(30)
            await helm.sees("q")
        ((_, told),) = messages(helm)
        assert (told.event, told.monitor, told.detail) == ("node_offline", "p", "")


async def test_a_restart_tells_nothing_twice_and_tells_the_return(path: Path) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.wait(130)
    async with at_the_helm(path, at=NOON + 1000) as helm:
        await helm.wait(300)
        assert helm.told() == ["node_offline"]
        await helm.register("p", instance="two")
        await helm.wait(2)
        assert helm.told() == ["node_offline", "node_online"]
        first, second = (one for _, one in messages(helm) * 2)
        assert first.alert == second.alert
    async with at_the_helm(path, at=NOON + 2000) as helm:
        await helm.wait(30)
        assert helm.told() == ["node_offline", "node_online"]
        await helm.wait(100)
        assert helm.told() == ["node_offline", "node_online", "node_offline"]


async def test_a_group_around_what_a_lost_node_saw_is_told_with_the_node_too(path: Path) -> None:
    group = Monitor(id="g", name="All", check=GroupCheck(), channels=("d",))
    things = (group, api(parent="g"))
    async with at_the_helm(path, *things, hook("c"), hook("d")) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.wait(700)
        assert helm.state("g").status is Status.UNKNOWN
        assert helm.told() == ["node_offline", "node_offline"]


async def test_a_node_that_stops_is_not_missed_and_its_monitors_speak_for_themselves(
    path: Path,
) -> None:
    async with at_the_helm(path, api(), hook()) as helm:
        await helm.register("p")
        await helm.sees("p")
        await helm.report("p", stopping=True)
        await helm.wait(600)
        assert helm.told() == ["unknown"]


async def test_a_probe_without_an_uplink_is_named_once_and_nothing_is_down(path: Path) -> None:
    monitors = [api(one) for one in MONITORS]
    async with at_the_helm(path, *monitors, hook()) as helm:
        for node in "pqr":
            await helm.register(node, f"region-{node}")
        await all_see(helm, *"pqr")
        for _ in range(12):
            await helm.wait(5)
            await all_see(helm, "p", up=False, proof="leader")
            await helm.wait(1)
            await all_see(helm, "q", "r")
            await helm.wait(1)
        assert helm.told() == ["odd_one"]
        assert helm.incidents() == []
        assert {helm.state(one).belief for one in MONITORS} == {Belief.UP}
        views = node_views(helm.world.nodes, helm.world.standings(helm.clock.at), helm.clock.at)
        assert {view.id: view.trouble for view in views} == {
            "leader": "", "p": "odd_one", "q": "", "r": "",
        }  # fmt: skip
        ((_, told),) = messages(helm)
        assert (told.monitor, told.reasons.split()[1:]) == ("p", ["×", "timeout"])
        for _ in range(4):
            await helm.wait(10)
            await all_see(helm, *"pqr")
        await helm.wait(2)
        assert helm.world.nodes["p"].troubles.odd is None
        assert helm.told() == ["odd_one"]


async def own_sees(helm: Helm, up: bool, proof: str | None = None) -> None:
    """The leader's own checks of all monitors end."""
    own, facts = helm.world.own, {} if proof is None else {"proof": proof}
    looks = [look(one, up, seq=helm.seq(own.id), **facts) for one in MONITORS]
    await helm.report(own.id, *looks, instance=own.instance)


async def test_a_blind_leader_says_so_once_when_it_is_over(path: Path) -> None:
    monitors = [api(one) for one in MONITORS]
    async with at_the_helm(path, *monitors, hook(), leader_checks="always") as helm:
        await own_sees(helm, True)
        for _ in range(15):
            await helm.wait(60)
            await own_sees(helm, False, "none")
        assert helm.told() == []
        assert {helm.state(one).status for one in MONITORS} == {Status.UNKNOWN}
        (view,) = node_views(helm.world.nodes, helm.world.standings(helm.clock.at), helm.clock.at)
        assert view.troubles == (TroubleView(kind="blind", since=round((NOON + 60) * 1000)),)
        await helm.wait(60)
        await own_sees(helm, True)
        await helm.wait(5)
        assert helm.told() == ["blind"]
        ((_, told),) = messages(helm)
        assert told.started_at == round((NOON + 60) * 1000)
        assert told.ended_at == round((NOON + 960) * 1000)
        assert "m0, m1, m2, m3, m4, m5" in told.detail
        assert helm.incidents() == []
        assert {helm.state(one).status for one in MONITORS} == {Status.UP}


async def test_a_leader_that_is_blind_over_a_restart_is_blind_from_the_start(path: Path) -> None:
    monitors = [api(one) for one in MONITORS]
    async with at_the_helm(path, *monitors, hook(), leader_checks="always") as helm:
        await own_sees(helm, True)
        await helm.wait(60)
        await own_sees(helm, False, "none")
        await helm.wait(5)
    async with at_the_helm(path, at=NOON + 100, leader_checks="always") as helm:
        await helm.wait(20)
        await own_sees(helm, True)
        await helm.wait(2)
        ((_, told),) = messages(helm)
        assert (told.event, told.started_at) == ("blind", round((NOON + 60) * 1000))
