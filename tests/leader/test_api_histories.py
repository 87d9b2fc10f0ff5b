"""How a monitor was: its windows, days and regions over HTTP, from a real store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.leader.helms import Helm, api, at_the_helm
from uptop_core.api_answers import SlaList
from uptop_core.history_views import HistoryView
from uptop_core.views import MonitorView
from uptop_leader.api.app import build_app
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

HOUR = 3600.0


async def ask(helm: Helm, path: str) -> httpx.Response:
    """What the leader's API answers to somebody who may read."""
    if helm.store.people.find_user("ada") is None:
        user = helm.store.people.add_user("ada", "viewer", helm.clock.at)
        helm.store.people.add_token(user, "t", token_hash("secret"), "sec", None, helm.clock.at)
    transport = httpx.ASGITransport(app=build_app(helm.leader))
    headers = {"Authorization": "Bearer secret"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://leader", headers=headers
    ) as client:
        return await client.get(path)


async def an_hour_with_an_outage(helm: Helm) -> float:
    """Up for half an hour, down for ten minutes, up again; two regions look each minute."""
    await helm.register("p", "eu")
    await helm.register("q", "us")
    began = helm.clock.at
    for minute in range(60):
        for node in "pq":
            await helm.sees(node, up=not 30 <= minute < 40)
        for _ in range(3):
            await helm.wait(20, step=5)
    return began


def views(answer: httpx.Response, into: type[Any]) -> Any:
    import msgspec

    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=into)


async def test_a_monitor_tells_its_windows_and_its_regions(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api()) as helm:
        await an_hour_with_an_outage(helm)
        view = views(await ask(helm, "/api/v1/monitors/m"), MonitorView)
        ranges = {one.range: one for one in view.ranges}
        assert list(ranges) == ["24h", "7d", "30d", "90d", "1y"]
        day = ranges["24h"]
        assert (day.down_s, day.outages, day.longest_s, day.mttr_s) == (600, 1, 600, 600)
        assert day.mtbf_s == 3000
        assert day.uptime == 83.333
        assert day.covered == 4.166  # an hour of a day
        assert ranges["7d"].covered == 0.595
        assert [(one.region, one.status) for one in view.by_region] == [("eu", "UP"), ("us", "UP")]
        eu = view.by_region[0]
        assert (eu.checks, eu.failed, eu.uptime) == (60, 10, 83.333)
        assert eu.p50_ms == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize("name", ["24h", "7d", "30d", "90d", "1y"])
async def test_the_history_of_every_range_adds_up(tmp_path: Path, name: str) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api()) as helm:
        await an_hour_with_an_outage(helm)
        helm.store.roll_up(helm.clock.at)
        answer = await ask(helm, f"/api/v1/monitors/m/history?range={name}")
        view = views(answer, HistoryView)
        assert (view.range.range, view.range.down_s, view.range.outages) == (name, 600, 1)
        days = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}[name]
        assert len(view.days) == days
        assert sum(day.down_s for day in view.days) == 600
        assert (view.days[-1].uptime, view.days[0].uptime) == (
            83.333,
            83.333 if days == 1 else None,
        )
        assert [one.region for one in view.latency] == ["eu", "us"]
        assert sum(point.checks for point in view.latency[0].points) == 60
        assert sum(point.failed for point in view.latency[0].points) == 10


async def test_a_window_of_every_monitor_says_the_same_as_the_monitor_itself(
    tmp_path: Path,
) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), api("n")) as helm:
        await an_hour_with_an_outage(helm)
        own = views(await ask(helm, "/api/v1/monitors/m/history?range=30d"), HistoryView).range
        sla = views(await ask(helm, "/api/v1/sla?range=30d"), SlaList).sla
        assert [(one.monitor, one.type) for one in sla] == [("m", "http"), ("n", "http")]
        assert (sla[0].uptime, sla[0].covered, sla[0].down_s) == (83.333, own.covered, 600)
        assert (sla[0].outages, sla[0].longest_s, sla[0].mttr_s) == (1, 600, 600)
        assert sla[0].mtbf_s == own.mtbf_s
        assert (sla[1].uptime, sla[1].covered, sla[1].mttr_s) == (None, 0, None), "never seen"
        first = views(await ask(helm, "/api/v1/sla?limit=1"), SlaList)
        assert [one.monitor for one in first.sla] == ["m"]
        after = views(await ask(helm, f"/api/v1/sla?limit=1&cursor={first.next}"), SlaList)
        assert ([one.monitor for one in after.sla], after.next) == (["n"], None)


async def test_a_range_that_is_none_and_a_monitor_that_is_none_are_refused(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api()) as helm:
        wrong = await ask(helm, "/api/v1/monitors/m/history?range=2d")
        assert wrong.status_code == 400
        assert "24h, 7d, 30d, 90d, 1y" in wrong.text
        assert (await ask(helm, "/api/v1/sla?range=2d")).status_code == 400
        for path in ("/api/v1/monitors/x/history", "/api/v1/monitors/x"):
            assert (await ask(helm, path)).status_code == 404
