"""Alert rules and dashboard: they speak of metrics and labels that a real leader has."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.leader.running import TOKEN, Running
from tests.leader.stages import NOW, SECRET, Stage, client, down, up
from tests.system.test_house_docs import ROOT
from uptop_leader.states import Status

if TYPE_CHECKING:
    from pathlib import Path

RULES = ROOT / "deploy/prometheus/uptop.rules.yml"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/uptop.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
QUERIES = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]
VARIABLES = [each["definition"] for each in DASHBOARD["templating"]["list"] if "definition" in each]
EXPRESSIONS = [*(alert["expr"] for alert in ALERTS), *QUERIES, *VARIABLES]
SCRAPED = {"job", "instance"}  # labels that Prometheus adds

# CI installs promtool; there its absence is a failure of the machine.
PROMTOOL = pytest.mark.skipif(
    shutil.which("promtool") is None and not os.environ.get("CI"),
    reason="needs promtool (Debian: prometheus)",
)


def promtool(*arguments: str | Path) -> None:
    """Run it; what it says is the failure."""
    command = ["promtool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_name_only_metrics_of_a_real_leader(tmp_path: Path) -> None:
    with Running(tmp_path) as leader:
        header = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.get(f"{leader.url}/metrics", headers=header, trust_env=False, timeout=20)
    families = set(re.findall(r"^# TYPE (\w+) ", answer.text, flags=re.MULTILINE))
    named = {name for each in EXPRESSIONS for name in re.findall(r"\buptop_\w+", each)}
    assert "uptop_monitor_up" in families
    assert named <= families


def test_rules_and_dashboard_choose_by_labels_that_the_metrics_have() -> None:
    stage = Stage()
    stage.add_node("fra", "eu-west", heard=NOW)
    stage.add_incident(stage.add("API", Status.DOWN, [down("fra"), up("nyc")]), NOW - 60)

    async def scrape() -> str:
        async with client(stage, secret=SECRET) as http:
            return (await http.get("/metrics")).text

    labels = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(anyio.run(scrape))
        for sample in family.samples
    }
    for expression in EXPRESSIONS:
        for name, chosen in re.findall(r"\b(uptop_\w+)\{([^}]*)\}", expression):
            used = set(re.findall(r"(\w+)\s*[=!]~?", chosen))
            assert used - SCRAPED <= labels.get(name, used), (name, expression)


def test_every_alert_says_what_is_wrong_and_how_bad_it_is() -> None:
    names = [alert["alert"] for alert in ALERTS]
    assert len(set(names)) == len(names)
    for alert in ALERTS:
        assert alert["labels"]["severity"] in ("warning", "critical"), alert
        assert set(alert["annotations"]) == {"summary", "description"}, alert


def test_every_alert_has_a_test() -> None:
    text = (ROOT / "deploy/prometheus/uptop.rules.test.yml").read_text()
    assert [alert["alert"] for alert in ALERTS if alert["alert"] not in text] == []


@PROMTOOL
def test_the_tests_of_the_rules_pass() -> None:
    promtool("test", "rules", ROOT / "deploy/prometheus/uptop.rules.test.yml")


@PROMTOOL
def test_prometheus_takes_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", RULES)
    promtool("check", "config", "--syntax-only", ROOT / "deploy/prometheus/prometheus.yml")


@PROMTOOL
def test_prometheus_can_read_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"q:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", "--lint=none", file)


def test_panels_have_a_place_of_their_own() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


def test_the_dashboard_asks_the_chosen_prometheus_only() -> None:
    sources = {panel["datasource"]["uid"] for panel in PANELS if "datasource" in panel}
    assert sources == {"${datasource}"}
