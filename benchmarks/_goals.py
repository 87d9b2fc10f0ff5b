"""The goals, one line each: what is measured, by which script, in what unit, and how far it may go.

A script makes its rows with `row`, so that a goal stands here and nowhere else.
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
