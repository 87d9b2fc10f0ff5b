"""Runs the scripts of this folder and prints one table: `python -m benchmarks [names]`.

A script is a module here with a function `measure() -> list[Row]`. Exit code 1 when one of them
failed to measure, or a name is not known; a goal that is missed is told and fails nothing, because
no timing is ever a test.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import benchmarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks import Row


def scripts() -> dict[str, Callable[[], list[Row]]]:
    """Every script of the folder by its name; one without `measure` is told and left out."""
    found = {}
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"benchmarks.{info.name}")
        if hasattr(module, "measure"):
            found[info.name] = module.measure
        else:
            print(f"benchmarks/{info.name}.py has no measure()", file=sys.stderr)
    return found


def table(rows: list[Row]) -> Iterator[str]:
    """The rows as lines of text, in columns."""
    head = ("what", "measured", "goal", "", "peer")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.at_least else "≤"
    goal = "" if row.goal is None else f"{sign} {row.goal:g}"
    met = {None: "", True: "met", False: "MISSED"}[row.met]
    return (row.what, f"{row.measured:.4g} {row.unit}", goal, met, row.peer)


def main() -> int:
    """Run what was asked for; the exit code."""
    known = scripts()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to a file too")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"no script {', '.join(unknown)}; there are {', '.join(known)}")
    rows: list[Row] = []
    failed = []
    for name in asked.names or known:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += known[name]()
        except Exception:  # noqa: BLE001  the other scripts go on; told below
            traceback.print_exc()
            failed.append(name)
    print("\n".join(table(rows)))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    if failed:
        print(f"could not measure: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
