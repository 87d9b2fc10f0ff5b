"""All faults: each module of this folder that has a `FAULT`."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from tests.system.faults.fault import Fault

_NOT_ROWS = {
    "__main__", "fault", "invariants", "pairs", "places", "rows", "survive", "virtual", "wild",
}  # fmt: skip


def rows() -> list[Fault]:
    """The faults in the order of their rows."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    modules = (
        import_module(f"tests.system.faults.{name}") for name in names if name not in _NOT_ROWS
    )
    faults: list[Fault] = [module.FAULT for module in modules]
    return sorted(faults, key=lambda fault: (_number(fault.row), fault.name))


def _number(row: str) -> int:
    found = re.match(r"\d+", row)
    return int(found[0]) if found else 0
