"""A day of an operator, by keyboard only: the terminal UI in a real terminal, on a real leader with two
probes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.cluster import Cluster, cluster
from tests.system.targets import Target
from tests.system.terminal import TMUX, Terminal, python, terminal
from tests.system.waiting import until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed: apt-get install tmux"),
]
SIZE = (120, 40)


async def test_a_day_by_keyboard_only(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target = await town.target()
        await town.start_leader()
        await town.start_probe("west", "eu-west")
        await town.start_probe("east", "us-east")
        await until("both probes are known", lambda: _are_known(town))
        environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
        async with terminal(tmp_path, python("-m", "uptop_tui"), environment, SIZE) as screen:
            await _logs_in(town, screen)
            await a_day(town, screen, target)
            await screen.press("q")
            assert await screen.ends() == 0
        kept = tmp_path / "config" / "uptop" / "tui.json"
        assert kept.stat().st_mode & 0o777 == 0o600, "the token is kept for its owner alone"


async def a_day(town: Cluster, screen: Terminal, target: Target) -> None:
    """All of it, from the empty overview to the empty overview."""
    await _adds_a_monitor(screen, target)
    await _sees_it_go_down(screen, target)
    await _takes_it_on_and_writes(town, screen)
    await _begins_a_maintenance(screen)
    await _sees_it_come_back(screen, target)
    await _ends_the_maintenance(screen)
    await _edits_pauses_and_deletes(screen)


async def _are_known(town: Cluster) -> bool:
    return {"west", "east"} <= (await town.nodes()).keys()


async def _logs_in(town: Cluster, screen: Terminal) -> None:
    token = (town.folder / "uptop-admin-token").read_text().strip()
    await screen.shows("URL of the leader")
    await screen.write(town.url)
    await screen.go("tab")
    await screen.write("a-wrong-token", hidden=True)
    await screen.press("enter")
    await screen.shows("does not know this API token")
    await screen.press("C-u")
    await screen.goes("•")
    await screen.write(token, hidden=True)
    await screen.press("enter")
    await screen.shows("● live", "nothing is watched yet")


async def _adds_a_monitor(screen: Terminal, target: Target) -> None:
    await screen.go("a", "What kind of monitor?")
    await screen.write("http")
    await screen.go("enter", "Add a monitor: http")
    await screen.write("Shop")
    await screen.go("tab")
    await screen.write("shop.example.com")
    await screen.press("C-s")
    await screen.shows("▲ 1 field is not right yet")
    await screen.press("C-u")
    await screen.goes("shop.example.com")
    await screen.shows("▲ is required")
    await screen.write(f"{target.url}/shop")
    await screen.press("C-s")
    await screen.shows("Overview", "Shop")
    await screen.shows("● UP", "2/2")


async def _sees_it_go_down(screen: Terminal, target: Target) -> None:
    target.mood = "503"
    await screen.press("r")
    await screen.shows("▼ DOWN", "0/2")
    await screen.press("2")
    await screen.shows("Matrix")
    await screen.shows("▼ DOWN ▼ HTTP 503 ▼ HTTP 503")
    await screen.press("3")
    await screen.shows("▼ open Shop", "1 open, 0 that are over")
    await screen.press("enter")
    await screen.shows(
        "incident 1 of Shop ▼ open", "▼ down west (eu-west)", "▼ down east (us-east)"
    )


async def _takes_it_on_and_writes(town: Cluster, screen: Terminal) -> None:
    await screen.go("a", "A note for the others")
    await screen.write("restarting it")
    await screen.press("enter")
    await screen.shows("✓ acknowledged by", "restarting it")
    await screen.go("w", "of the thread; needed to begin one")
    await screen.press("tab")
    await screen.shows("a thread stands on the status page until it is resolved")
    await screen.press("tab")
    await screen.shows("what people are to know")
    await screen.write("The shop is being restarted.")
    await screen.press("C-s")
    await screen.shows("✎ investigating", "The shop is being restarted.")

    async def is_public() -> bool:
        return "The shop is being restarted." in (await town.http.get(f"{town.url}/status")).text

    await until("the post stands on the status page", is_public)


async def _begins_a_maintenance(screen: Terminal) -> None:
    await screen.press("m")
    await screen.shows("Monitor · ", "▼ DOWN")
    await screen.press("m")
    await screen.shows("Maintenance from now on")
    await screen.press("enter")
    await screen.shows("▣ MAINTENANCE")


async def _sees_it_come_back(screen: Terminal, target: Target) -> None:
    target.mood = "up"
    await screen.press("r")
    await screen.press("3")
    await screen.shows("● over Shop", "0 open, 1 that are over")
    await screen.press("7")
    await screen.shows("SLA", "the last 30 days")
    await screen.press("left", "left")
    await screen.shows("the last 24 hours", "Shop")


async def _ends_the_maintenance(screen: Terminal) -> None:
    await screen.press("6")
    await screen.shows("Maintenance ·", "Maintenance of Shop")
    await screen.press("d")
    await screen.shows("Remove the maintenance Maintenance of Shop?")
    await screen.press("y")
    await screen.goes("Maintenance of Shop")


async def _edits_pauses_and_deletes(screen: Terminal) -> None:
    await screen.press("1")
    await screen.shows("Overview", "● UP")
    await screen.go("e", "Edit a monitor: http")
    await screen.press("C-u")
    await screen.goes("Shop")
    await screen.write("Web shop")
    await screen.press("C-s")
    await screen.shows("Overview", "Web shop")
    await screen.press("p")
    await screen.shows("‖ PAUSED")
    await screen.press("d")
    await screen.shows("Remove the monitor Web shop?")
    await screen.press("y")
    await screen.shows("nothing is watched yet")
