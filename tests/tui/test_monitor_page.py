"""One monitor in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from tests.leader.helms import api, hook
from tests.tui.screens import seated
from uptop_core.checks.push import PushCheck
from uptop_core.history_views import RegionView
from uptop_core.views import MonitorView, PhasesView, VoteView
from uptop_tui.facts import next_look, region_line
from uptop_tui.plots import phase_bar, plot
from uptop_tui.sparks import Cell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.screens import Seat


def test_a_plot_is_as_high_as_what_took_longest() -> None:
    parts = [Cell(100, 5, 0), Cell(25, 5, 0), Cell(None, 5, 5), Cell(None, 0, 0)]
    lines = [line.plain for line in plot(parts, 2)]
    assert lines == [" 100 ms ┤█   ", "   0 ms ┤█▄×·"]


def test_phases_are_told_by_letters() -> None:
    phases = PhasesView(dns_ms=1, connect_ms=1, tls_ms=4, first_byte_ms=4, transfer_ms=0)
    assert phase_bar(phases, 10).plain == "dcttttffff"
    assert phase_bar(PhasesView(), 10).plain == ""


def test_the_next_look_is_told_as_far_as_votes_tell() -> None:
    vote = VoteView(node="n", name="n", region="", up=True, fresh=True, observed=50_000)
    view = MonitorView(id="m", name="m", type="http", status="UP", since=0, votes=(vote,))
    assert next_look(view, 65_000) == "in about 45 s"
    paused = MonitorView(id="m", name="m", type="http", status="PAUSED", since=0, paused=True)
    assert next_look(paused, 0) == "not while it is paused"


def test_a_region_is_told_in_a_line() -> None:
    region = RegionView(region="eu", status="UP", uptime=99.5, checks=8, failed=1, p50_ms=12.345)
    assert region_line(region).plain == "● UP eu  p50 12.3 ms · 99.5 % · 8 checks, 1 failed"


def _said(seat: Seat, id: str) -> str:
    return str(seat.app.screen.query_one(f"#{id}", Static).content)


@pytest.mark.anyio
async def test_a_monitor_tells_how_it_stands_who_saw_what_and_what_happened(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), probes=("p", "q")) as seat:
        await seat.sees("p")
        await seat.sees("q")
        await seat.press("enter")
        await seat.until("up", lambda: "● UP for" in _said(seat, "facts"))
        assert "https://m.example.com" in _said(seat, "facts")
        assert "● up    p (region-p)" in _said(seat, "votes")
        await seat.until("transition", lambda: "PENDING became UP" in _said(seat, "last"))
        await seat.goes_down("q")
        await seat.until("down", lambda: "▼ DOWN for" in _said(seat, "facts"))
        await seat.until("incident", lambda: "incident #1" in _said(seat, "facts"))
        assert "no answer" in _said(seat, "votes")
        await seat.until("told", lambda: "UP became DOWN" in _said(seat, "last"))
        await seat.press("p")
        await seat.until("paused", lambda: "‖ PAUSED" in _said(seat, "facts"))
        await seat.press("h")
        await seat.until("another", lambda: "by region, 7d (h" in _said(seat, "stretch"))


@pytest.mark.anyio
async def test_where_a_job_pushes_can_be_copied(tmp_path: Path) -> None:
    job = api("m", check=PushCheck(token="secret-token"))
    async with seated(tmp_path, job, hook()) as seat:
        await seat.press("enter")
        await seat.until("there", lambda: "PENDING" in _said(seat, "facts"))
        await seat.press("y")
        address = f"{seat.app.client.url}/api/push/secret-token"
        await seat.until("copied", lambda: seat.app.clipboard == address)
