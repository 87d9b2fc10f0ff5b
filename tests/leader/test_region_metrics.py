"""How monitors are in each region, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from tests.leader.helms import api, at_the_helm, hook
from tests.leader.stages import SECRET, Stage, client, down, up
from uptop_core.monitors import Monitor
from uptop_leader.regional import Lately
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Regional

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

OPEN = "application/openmetrics-text; version=1.0.0"
FAST = Regional(
    latency=Latency(count=60, down=15, p50_ms=20.0, p95_ms=30.0, p99_ms=40.0),
    uptime=0.75,
    covered=1.0,
)
NEVER_UP = Regional(latency=Latency(count=60, down=60), uptime=0.0, covered=1.0)

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for node, region in (("fra", "eu"), ("ber", "eu"), ("nyc", "us"), ("sin", "ap")):
        stage.add_node(node, region)
    return stage


def site(stage: Stage) -> Monitor:
    votes = [up("fra"), down("ber"), up("nyc"), up("sin", ago=900)]
    monitor = stage.add("Site", votes=votes)
    stage.lately = {monitor.id: {"eu": FAST, "us": NEVER_UP}, "deleted": {"eu": FAST}}
    return monitor


async def scrape(stage: Stage, name: str, *labels: str, accept: str = "") -> Samples:
    async with client(stage, secret=SECRET) as http:
        response = await http.get("/metrics", headers={"Accept": accept})
    is_open = "openmetrics" in response.headers["content-type"]
    assert is_open == bool(accept)
    assert response.text.count("# EOF") == int(is_open)
    families = (parse_open if is_open else parse_plain)(response.text)
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


async def test_a_region_is_up_as_far_as_its_fresh_votes_say_so(stage: Stage) -> None:
    site(stage)
    found = await scrape(stage, "uptop_region_up", "name", "region")
    assert found == {("Site", "eu"): 0.5, ("Site", "us"): 1.0}


@pytest.mark.parametrize("accept", ["", OPEN])
async def test_quantiles_uptime_and_checks_of_the_last_hour_are_told_by_region(
    stage: Stage, accept: str
) -> None:
    site(stage)
    latency = await scrape(
        stage, "uptop_region_latency_seconds", "region", "quantile", accept=accept
    )
    assert latency == {("eu", "0.5"): 0.02, ("eu", "0.95"): 0.03, ("eu", "0.99"): 0.04}
    uptime = await scrape(stage, "uptop_region_uptime_ratio", "region", accept=accept)
    assert uptime == {("eu",): 0.75, ("us",): 0.0}
    checks = await scrape(stage, "uptop_region_checks", "region", "outcome", accept=accept)
    assert checks == {
        ("eu", "up"): 45.0, ("eu", "down"): 15.0, ("us", "up"): 0.0, ("us", "down"): 60.0,
    }  # fmt: skip


async def test_what_is_kept_between_scrapes_follows_roll_ups_and_names(stage: Stage) -> None:
    monitor = site(stage)
    async with client(stage, secret=SECRET) as http:

        async def text() -> str:
            return (await http.get("/metrics")).text

        assert 'uptop_region_uptime_ratio{id="' in await text()
        stage.monitors[monitor.id] = replace(monitor, name="Renamed")
        assert 'name="Site"' not in await text()
        stage.lately = {monitor.id: {"eu": NEVER_UP}}
        renewed = await text()
        assert 'region="us",quantile' not in renewed
        assert 'name="Renamed",region="eu",type="http"} 0.0' in renewed


async def test_a_running_leader_gathers_the_last_hour_when_it_rolls_up(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p", "eu")
        for _ in range(12):
            await helm.sees("p")
            await helm.wait(60, step=5)
        assert helm.leader.lately == {}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(helm.leader.run)
            with anyio.fail_after(10):
                while not helm.leader.lately:
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert helm.leader.lately["m"]["eu"].latency.count == 10


async def test_what_nobody_looks_at_any_more_is_left_behind(tmp_path: Path) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        await helm.register("p", "eu")
        await helm.sees("p")
        lately, began = Lately(), helm.clock.at
        helm.store.roll_up(began + 400)
        await lately.follow(helm.store, helm.world.nodes, began + 400, is_new=True)
        first = lately.regional
        assert first["m"].keys() == {"eu"}
        await lately.follow(helm.store, helm.world.nodes, began + 500, is_new=False)
        assert lately.regional is first
        await lately.follow(helm.store, helm.world.nodes, began + 4000, is_new=False)
        assert lately.regional == {}
