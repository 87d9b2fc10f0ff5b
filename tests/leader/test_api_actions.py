"""What people do: pause, resume, recheck, acknowledge, test a channel; and what is noted of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.desks import at_the_desk, problems
from tests.leader.helms import api, hook
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_leader.states import Status

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.anyio


async def test_monitors_are_paused_and_resumed_together(address: Address) -> None:
    async with at_the_desk(address, api("a"), api("b"), api("c1", paused=True), hook()) as desk:
        three = {"monitors": ["a", "b", "c1", "a"]}
        paused = await desk.ask("POST", "/pause", three)
        assert paused.json() == {"done": ["a", "b"], "left": ["c1"]}
        states = desk.helm.world.states
        assert {state.status for state in states.values()} == {Status.PAUSED}
        assert (await desk.ask("POST", "/monitors/a/resume")).json()["done"] == ["a"]
        assert desk.helm.world.states["a"].status is Status.PENDING
        assert (await desk.ask("POST", "/monitors/x/pause")).status_code == 404
        told = problems(await desk.ask("POST", "/pause", {"monitors": ["b", "x"]}))
        assert set(told) == {"monitors[1]"}
        assert problems(await desk.ask("POST", "/pause", {"monitors": []})).keys() == {"monitors"}


async def test_a_recheck_is_asked_of_all_nodes_at_once(address: Address) -> None:
    group = api("g", check=GroupCheck(), channels=())
    async with at_the_desk(address, api(), group, api("off", paused=True), hook()) as desk:
        await desk.helm.register("p")
        await desk.helm.register("q")
        await desk.helm.sees("p")
        await desk.helm.sees("q")
        await desk.helm.wait(20)
        done = await desk.ask("POST", "/recheck", {"monitors": ["m", "g", "off"]})
        assert done.json() == {"done": ["m"], "left": ["g", "off"]}
        for node in "pq":
            _, orders = desk.helm.engine.assignments(node)
            assert [order.monitor_id for order in orders.recheck] == ["m"]
        assert (await desk.ask("POST", "/monitors/g/recheck")).status_code == 409
        for node in "pq":
            await desk.helm.answers(node)
        await desk.helm.wait(20)
        assert desk.helm.state().run is None
        assert desk.helm.incidents() == []
        assert ("editor", "rechecked", "m") in await desk.logged()


async def test_a_recheck_of_what_is_down_finds_that_it_is_up_again(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        await desk.helm.register("p")
        await desk.helm.goes_down("p")
        assert desk.helm.state().status is Status.DOWN
        await desk.ask("POST", "/monitors/m/recheck")
        for _ in range(4):
            if desk.helm.state().run is not None:
                await desk.helm.answers("p", up=True)
            await desk.helm.wait(10)
        assert desk.helm.state().status is Status.UP


async def test_where_a_job_pushes_is_told_and_noted(address: Address) -> None:
    job = api("job", check=PushCheck(token="a/token"))
    async with at_the_desk(address, api(), job, hook()) as desk:
        told = await desk.ask("POST", "/monitors/job/push-address")
        assert told.json() == {"path": "/api/push/a%2Ftoken"}
        assert ("editor", "push address shown", "job") in await desk.logged()
        assert (await desk.ask("POST", "/monitors/m/push-address")).status_code == 409
        refused = await desk.ask("POST", "/monitors/job/push-address", role="viewer")
        assert refused.status_code == 403


async def test_an_incident_is_acknowledged_and_not_reminded_of(address: Address) -> None:
    async with at_the_desk(address, api(remind_every=60.0), hook()) as desk:
        await desk.helm.register("p")
        await desk.helm.goes_down("p")
        (incident,) = (await desk.get("/incidents?open=true"))["incidents"]
        assert incident["acknowledged"] is None
        path = f"/incidents/{incident['id']}/acknowledge"
        taken = (await desk.ask("POST", path, {"note": "on it"})).json()["acknowledged"]
        assert (taken["by"], taken["note"]) == ("editor", "on it")
        await desk.helm.wait(1)
        assert (await desk.ask("POST", path, {"note": "on it"})).json()["acknowledged"] == taken
        for _ in range(20):
            await desk.helm.wait(10, step=5)
            await desk.helm.sees("p", up=False)
        assert desk.helm.told() == ["down"]
        shown = await desk.get(f"/incidents/{incident['id']}")
        assert shown["acknowledged"] == taken
        assert ("editor", "incident acknowledged", "m") in await desk.logged()


async def test_an_acknowledgement_survives_a_restart_and_the_end(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        await desk.helm.register("p")
        await desk.helm.goes_down("p")
        (incident,) = desk.helm.incidents()
        assert (await desk.ask("POST", f"/incidents/{incident.id}/acknowledge")).status_code == 200
        saved = desk.helm.store.load().open_incidents[incident.id]
        assert saved.acknowledged is not None
        await desk.ask("POST", "/monitors/m/pause")
        closed = desk.helm.store.incident(incident.id)
        assert closed is not None
        assert closed.ended is not None
        assert closed.acknowledged == saved.acknowledged
        late = await desk.ask("POST", f"/incidents/{incident.id}/acknowledge")
        assert (late.status_code, late.json()["code"]) == (409, "conflict")
        assert (await desk.ask("POST", "/incidents/x/acknowledge")).status_code == 404


async def test_transitions_are_told_with_their_evidence(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        await desk.helm.register("p")
        await desk.helm.goes_down("p")
        first = await desk.get("/transitions?monitor=m&limit=1")
        (newest,) = first["transitions"]
        assert (newest["name"], newest["status_to"], newest["belief_to"]) == ("m", "DOWN", "DOWN")
        assert newest["evidence"][0]["node"] == "p"
        assert newest["incident"] == desk.helm.incidents()[0].id
        seen = 1
        while first["next"] is not None:
            first = await desk.get(f"/transitions?monitor=m&limit=1&cursor={first['next']}")
            seen += len(first["transitions"])
        assert seen == len((await desk.get("/transitions"))["transitions"])
        assert (await desk.get("/transitions?monitor=x"))["transitions"] == []


async def test_a_test_message_is_noted(address: Address) -> None:
    async with at_the_desk(address, hook()) as desk:
        tested = (await desk.ask("POST", "/channels/c/test")).json()
        assert tested["ok"] is False
        assert tested["error"]
        assert ("editor", "channel tested", "c") in await desk.logged()
