"""Step 10 as a whole, on a real database: what is told now, held back, or told after all."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from tests.leader.helms import Helm, api, at_the_helm, hook
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import NotifySwitches
from uptop_leader.channels import Channel
from uptop_leader.messages import Message
from uptop_leader.providers.pagerduty import PagerDuty
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

PAGER = Channel(id="p", name="p", provider=PagerDuty(routing_key="key"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


def messages(helm: Helm, channel: str = "c") -> list[Message]:
    """What is in the outbox for a channel, in its order."""
    query = "SELECT message FROM notification WHERE channel = ? ORDER BY number"
    with contextlib.closing(sqlite3.connect(str(helm.path))) as database:
        rows = database.execute(query, [channel])
        return [msgspec.msgpack.decode(message, type=Message) for (message,) in rows]


def told(helm: Helm, channel: str = "c") -> list[tuple[str, str]]:
    return [(one.monitor, one.event) for one in messages(helm, channel)]


async def comes_up(helm: Helm, monitor: str = "m") -> None:
    """The probe sees it up, and confirms it."""
    helm.clock.at += 5
    await helm.sees("n", monitor)
    while helm.state(monitor).run is not None:
        helm.clock.at += 5
        await helm.engine.turn()
        await helm.answers("n", monitor)


async def all_up(helm: Helm, *monitors: str) -> None:
    await helm.register("n")
    for monitor in monitors:
        await helm.sees("n", monitor)
    helm.clock.at += 30


FAMILY = (api("router"), api("child", depends_on=("router",)), hook())


async def test_what_is_down_behind_a_dependency_opens_an_incident_that_nobody_is_told_of(
    path: Path,
) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.goes_down("n", "router")
        await helm.goes_down("n", "child")
        assert told(helm) == [("router", "down")]
        child, router = helm.incidents()
        assert (child.monitor, child.untold, child.child_of) == ("child", "dependency", router.id)
        assert router.untold == ""


async def test_a_child_that_recovers_with_its_dependency_is_never_told(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.goes_down("n", "router")
        await helm.goes_down("n", "child")
        await comes_up(helm, "router")
        await comes_up(helm, "child")
        await helm.wait(100)
        assert "child" not in {monitor for monitor, _ in told(helm)}
        assert all(incident.ended for incident in helm.incidents())


async def test_a_child_still_down_when_its_dependency_is_up_again_is_told_then(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.goes_down("n", "router")
        await helm.goes_down("n", "child")
        await comes_up(helm, "router")
        assert told(helm) == [("router", "down"), ("router", "up")]
        await helm.wait(5)
        await helm.sees("n", "child", up=False)
        assert told(helm)[2:] == [("child", "down")]
        assert "was down" in messages(helm)[2].detail
        child = next(one for one in helm.incidents() if one.monitor == "child")
        assert child.untold == ""
        await comes_up(helm, "child")
        assert told(helm)[3:] == [("child", "up")]


async def test_what_was_held_back_is_told_after_a_restart(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.goes_down("n", "router")
        await helm.goes_down("n", "child")
        await comes_up(helm, "router")
        at = helm.clock.at
    async with at_the_helm(path, at=at + 5) as helm:
        assert ("child", "down") not in told(helm)
        await helm.wait(70)
        assert told(helm)[2] == ("child", "down")


async def test_news_wait_for_the_open_run_of_a_dependency(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.sees("n", "child", up=False)
        helm.clock.at += 1
        await helm.sees("n", "router", up=False)
        assert helm.state("router").run is not None
        await helm.goes_down("n", "child")
        assert helm.state("child").belief is Belief.DOWN
        assert told(helm) == []
        await helm.goes_down("n", "router")
        assert told(helm) == [("router", "down")]


async def test_news_do_not_wait_for_a_run_without_end(path: Path) -> None:
    async with at_the_helm(path, *FAMILY) as helm:
        await all_up(helm, "router", "child")
        await helm.sees("n", "child", up=False)
        helm.clock.at += 1
        await helm.sees("n", "router", up=False)
        await helm.goes_down("n", "child")
        confirmed = helm.incidents()[0].confirmed
        helm.clock.at = confirmed + 9.9
        await helm.engine.turn()
        assert told(helm) == []
        helm.clock.at = confirmed + 10
        await helm.engine.turn()
        assert told(helm) == [("child", "down")]
        assert messages(helm)[0].detail == "no answer"


async def test_people_are_reminded_of_what_is_still_down(path: Path) -> None:
    async with at_the_helm(path, api(remind_every=120), hook()) as helm:
        await all_up(helm, "m")
        await helm.goes_down("n")
        for _ in range(5):
            await helm.wait(50)
            await helm.sees("n", up=False)
        assert [event for _, event in told(helm)] == ["down", "reminder", "reminder"]
        first, second = messages(helm)[1:]
        assert second.at - first.at == 120_000
        assert first.key != second.key
        await comes_up(helm)
        await helm.wait(30)
        assert [event for _, event in told(helm)][3:] == ["up"]


async def test_a_reminder_that_is_due_survives_a_restart(path: Path) -> None:
    async with at_the_helm(path, api(remind_every=120), hook()) as helm:
        await all_up(helm, "m")
        await helm.goes_down("n")
        at = helm.clock.at
    async with at_the_helm(path, at=at + 110) as helm:
        await helm.sees("n", up=False)
        await helm.wait(9)
        assert [event for _, event in told(helm)] == ["down"]
        await helm.wait(2)
        assert [event for _, event in told(helm)] == ["down", "reminder"]


async def test_flapping_is_told_once_and_how_it_ends_once(path: Path) -> None:
    async with at_the_helm(path, api(channels=("c", "p")), hook(), PAGER) as helm:
        await all_up(helm, "m")
        for _ in range(4):
            await helm.goes_down("n")
            await comes_up(helm)
        assert [event for _, event in told(helm)] == ["down", "up", "down", "flapping"]
        for _ in range(11):
            await helm.wait(55)
            await helm.sees("n")
        assert [event for _, event in told(helm)][4:] == ["up"]
        assert messages(helm)[-1].detail == "no longer flapping"
        await helm.goes_down("n")
        assert [event for _, event in told(helm)][5:] == ["down"]
        assert open_alerts(messages(helm, "p")[:-1]) == set()


async def test_what_is_down_when_flapping_ends_is_told_as_an_outage(path: Path) -> None:
    async with at_the_helm(path, api(channels=("c", "p")), hook(), PAGER) as helm:
        await all_up(helm, "m")
        for _ in range(2):
            await helm.goes_down("n")
            await comes_up(helm)
        await helm.goes_down("n")
        incident = helm.incidents()[0]
        assert incident.untold == "flapping"
        for _ in range(11):
            await helm.wait(55)
            await helm.sees("n", up=False)
        last = messages(helm)[-1]
        assert (last.event, last.incident) == ("down", incident.id)
        assert open_alerts(messages(helm, "p")) == {incident.id}
        await comes_up(helm)
        assert messages(helm)[-1].event == "up"
        assert open_alerts(messages(helm, "p")) == set()


async def test_pausing_ends_flapping_and_closes_its_alert_silently(path: Path) -> None:
    watched = api(channels=("c", "p"))
    async with at_the_helm(path, watched, hook(), PAGER) as helm:
        await all_up(helm, "m")
        for _ in range(2):
            await helm.goes_down("n")
            await comes_up(helm)
        assert len(open_alerts(messages(helm, "p"))) == 1
        await helm.change(replace(watched, paused=True))
        assert open_alerts(messages(helm, "p")) == set()
        assert [event for _, event in told(helm)][-1] == "flapping"
        assert helm.state().telling.flapping is None


def open_alerts(told: list[Message]) -> set[str]:
    """What a paging service shows as open after these messages."""
    standing: set[str] = set()
    for message in told:
        if message.event in ("up", "paused", "deleted", "over"):
            standing.discard(message.alert)
        else:
            standing.add(message.alert)
    return standing


async def test_the_silent_return_from_unknown_closes_what_a_paging_service_keeps_open(
    path: Path,
) -> None:
    watched = api(channels=("c", "p"))
    async with at_the_helm(path, watched, hook(), PAGER) as helm:
        await helm.register("n")
        await helm.sees("n")
        await helm.change(replace(watched, min_votes=2))
        for _ in range(10):
            await helm.wait(50)
            await helm.sees("n")
        assert helm.state().status is Status.UNKNOWN
        assert told(helm, "p") == [("m", "unknown")]
        await helm.register("other")
        await helm.sees("other")
        assert helm.state().status is Status.UP
        assert told(helm, "p") == [("m", "unknown"), ("m", "over")]
        assert open_alerts(messages(helm, "p")) == set()
        assert told(helm, "c") == [("m", "unknown")]


async def test_an_alert_of_a_status_is_closed_when_it_becomes_an_outage(path: Path) -> None:
    job = api(check=PushCheck(token="t"), channels=("p",), notify=NotifySwitches(late=True))
    async with at_the_helm(path, job, PAGER) as helm:
        await helm.during(lambda: helm.engine.signal("m", "success"))
        await helm.wait(61)
        assert told(helm, "p") == [("m", "late")]
        await helm.wait(60)
        assert told(helm, "p")[1:] == [("m", "down"), ("m", "over")]
        assert open_alerts(messages(helm, "p")) == {helm.incidents()[0].id}
        await helm.during(lambda: helm.engine.signal("m", "success"))
        assert open_alerts(messages(helm, "p")) == set()


async def test_what_was_told_is_closed_even_if_telling_was_switched_off_since(path: Path) -> None:
    watched = api()
    async with at_the_helm(path, watched, hook()) as helm:
        await all_up(helm, "m")
        await helm.goes_down("n")
        await helm.change(replace(watched, notify=NotifySwitches(down=False)))
        await comes_up(helm)
        assert [event for _, event in told(helm)] == ["down", "up"]
        await helm.goes_down("n")
        assert helm.incidents()[0].untold == "switched off"
        await comes_up(helm)
        assert [event for _, event in told(helm)] == ["down", "up"]


async def test_an_outage_is_told_when_telling_is_switched_on_while_it_lasts(path: Path) -> None:
    watched = api(notify=NotifySwitches(down=False))
    async with at_the_helm(path, watched, hook()) as helm:
        await all_up(helm, "m")
        await helm.goes_down("n")
        assert told(helm) == []
        await helm.change(replace(watched, notify=NotifySwitches()))
        assert told(helm) == [("m", "down")]
