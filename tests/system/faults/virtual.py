"""What needs hours: scenarios under a clock that tests set, run as a part of their row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

Scenario = Callable[[Path], Awaitable[None]]


async def in_virtual_time(folder: Path, *scenarios: Scenario) -> None:
    """Run each in a folder of its own; they fail like any test."""
    for number, scenario in enumerate(scenarios):
        place = folder / f"virtual-{number}"
        place.mkdir()
        await scenario(place)
