"""The goals, one line each: what is measured, by which script, in what unit, and how far it may go.

A script makes its rows with `row`, so that a goal stands here and nowhere else. Where a goal is in
words: "no burst" means in no 100 ms more than three times an even share, and the first verdict of
an outage is due a timeout and 5 s (in which the node proves its own line) after it.
"""

from __future__ import annotations

from msgspec import Struct

from benchmarks import Row

_CPU = "CPU s / 1 000"
_MS = "ms"


class Goal(Struct, frozen=True):
    """What `script` measures against `limit`: at most that, or with `at_least` no less."""

    script: str
    limit: float
    unit: str
    at_least: bool = False


GOALS = {
    "http check in the engine": Goal("http_check", 0.15, _CPU),
    "http check in the engine, instructions": Goal("http_check", 0.45, "million"),
    "http check in the whole probe": Goal("whole_probe", 0.30, _CPU),
    "whole probe by blackbox_exporter": Goal("whole_probe", 0.5, "times"),
    "one node doing it all, full rate": Goal("single_node", 0.45, _CPU),
    "one node doing it all, 25 checks/s": Goal("single_node", 1.0, _CPU),
    "one node, resident memory, 1 000 monitors": Goal("single_node", 90, "MB"),
    "https check by libcurl": Goal("https_check", 1.25, "times"),
    "port check": Goal("port_ping_dns", 0.15, _CPU),
    "ping check": Goal("port_ping_dns", 0.06, _CPU),
    "dns check": Goal("port_ping_dns", 0.35, _CPU),
    "error of latency, http, median": Goal("latency_truth", 0.1, _MS),
    "error of latency, http, p99": Goal("latency_truth", 1, _MS),
    "error of latency, tcp, median": Goal("latency_truth", 0.1, _MS),
    "error of latency, tcp, p99": Goal("latency_truth", 1, _MS),
    "error of latency, https, median": Goal("latency_truth", 0.5, _MS),
    "error of latency, https, p99": Goal("latency_truth", 5, _MS),
    "schedule lag, 10 000 monitors, p99": Goal("schedule_lag", 100, _MS),
    "restart of a probe, all scheduled": Goal("schedule_lag", 3, "s"),
    "restart of a probe, most looks in 100 ms": Goal("schedule_lag", 100, "looks"),
    "restart of a leader, all scheduled": Goal("schedule_lag", 3, "s"),
    "restart of a leader, most looks in 100 ms": Goal("schedule_lag", 100, "looks"),
    "mass outage, lag of the healthy, p99": Goal("mass_outage", 2, "s"),
    "mass outage, first verdict": Goal("mass_outage", 10, "s"),
    "probe, resident memory, idle": Goal("probe_memory", 40, "MB"),
    "probe, resident memory, 2 000 monitors": Goal("probe_memory", 60, "MB"),
    "probe, installed size": Goal("probe_memory", 40, "MB"),
    "leader ingest, 100 monitors": Goal("ingest", 20, "µs CPU / result"),
    "leader ingest, 10 000 monitors": Goal("ingest", 20, "µs CPU / result"),
    "leader ingest, 10 000 by 100 monitors": Goal("ingest", 1.3, "times"),
    "leader at 1 000 results/s": Goal("leader_load", 15, "% of a core"),
    "leader at 1 000 results/s, resident memory": Goal("leader_load", 250, "MB"),
    "status page, 1 000 monitors, cold": Goal("status_page", 50, "ms CPU"),
    "status page, 1 000 monitors, renewed": Goal("status_page", 50, "ms CPU"),
    "status page, 1 000 monitors, warm": Goal("status_page", 5, "ms CPU"),
    "terminal UI, first paint, 1 000 monitors": Goal("tui", 500, "ms CPU"),
    "terminal UI, 2 000 monitors, 100 results/s": Goal("tui", 15, "% of a core"),
    "terminal UI, keys that were dropped": Goal("tui", 0, "keys"),
    "raw result on disk, fresh": Goal("store_rows", 25, "bytes"),
    "raw result on disk, sealed": Goal("store_rows", 6, "bytes"),
}


def row(what: str, measured: float | None, *, peer: str = "", ratio: float | None = None) -> Row:
    """A row of the table with its goal. KeyError for what has none."""
    goal = GOALS[what]
    return Row(
        what=what,
        measured=measured,
        unit=goal.unit,
        goal=goal.limit,
        at_least=goal.at_least,
        peer=peer,
        ratio=ratio,
    )
