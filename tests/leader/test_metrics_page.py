"""`docs/metrics.md` lists the metrics that there are, with their labels."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from uptop_leader.gauges import Gauges
from uptop_leader.metrics import Scrape, exposition
from uptop_leader.region_metrics import LatelyText

PAGE = (Path(__file__).parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
NOTHING = Scrape(
    version="1", monitors=(), nodes=(), channels={}, open_incidents=0,
    outbox_depth=0, outbox_age_s=0.0, gauges=Gauges(), lately={},
)  # fmt: skip
MORE = {"counter": "_total", "info": "_info"}


def test_every_metric_is_listed_and_no_other() -> None:
    text, _ = exposition(NOTHING, "application/openmetrics-text; version=1.0.0", LatelyText())
    families = text_string_to_metric_families(text.decode())  # type: ignore[no-untyped-call]  # theirs
    shown = {f"{family.name}{MORE.get(family.type, '')}" for family in families}
    rows = re.findall(r"^\| (`uptop_.*?) \|", PAGE, flags=re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(uptop_\w+)`", row)} == shown


def test_queries_ask_for_metrics_that_there_are() -> None:
    listed = set(re.findall(r"`(uptop_\w+)`", PAGE))
    queries = PAGE.partition("## Some questions")[2]
    assert set(re.findall(r"uptop_\w+", queries)) <= listed
