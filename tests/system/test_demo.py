"""The demo that the README begins with: it tells the story that is shown there, and leaves nothing."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.system.processes import Process
from tests.system.test_house_docs import ROOT, blocks
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CERTAIN = ("─", "✉", "✗", "!")
"""How the lines begin that come whatever else the machine does; the watcher may miss a vote."""


def told(line: str) -> str:
    """What a line of the demo says, without the time, numbers, and how many votes were in."""
    return re.sub(r"\d+", "N", re.split(r" \(| — ", line.partition("] ")[2])[0]).strip()


def story() -> list[str]:
    """The lines that the README shows and that are certain."""
    shown = next(
        text for text in blocks((ROOT / "README.md").read_text(), "text") if "demo" in text
    )
    return [line for line in map(told, shown.splitlines()) if line.startswith(CERTAIN)]


async def test_the_demo_tells_what_the_readme_shows_and_leaves_nothing(tmp_path: Path) -> None:
    places = tmp_path / "tmp"
    places.mkdir()
    demo = Process("demo", ["-m", "uptop_leader", "demo"], tmp_path)
    demo.start({"TMPDIR": str(places)})

    def is_told() -> bool:
        assert demo.is_running, demo.tail()
        return set(story()) <= set(map(told, demo.said().splitlines()))

    try:
        await until("the story of the README", is_told, 150)
        demo.signal(signal.SIGINT)
        assert await demo.ended(30) == 0, demo.tail()
        assert list(places.iterdir()) == []
    finally:
        demo.kill()
