"""Runs the scripts of this folder and prints one table: `python -m benchmarks [names]`.

A script is a module here with a function `measure(*, short: bool) -> list[Row]`; what begins with
an underscore is not one. Exit code 1 when one of them failed to measure; a goal that is missed is
told and fails nothing, because no timing is ever a test.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

import benchmarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks import Row


class Measure(Protocol):
    """What a script offers; `short` only shows that it works, its figures say nothing."""

    def __call__(self, *, short: bool = False) -> list[Row]: ...


def scripts() -> dict[str, Measure]:
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
    head = ("what", "measured", "goal", "", "ratio", "peer")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.at_least else "≤"
    goal = "" if row.goal is None else f"{sign} {row.goal:g}"
    met = {None: "", True: "met", False: "MISSED"}[row.met]
    measured = "–" if row.measured is None else f"{row.measured:.4g}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.what, f"{measured} {row.unit}", goal, met, ratio, row.peer)


def main() -> int:
    """Run what was asked for; the exit code."""
    known = scripts()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to a file too")
    parser.add_argument("--short", action="store_true", help="see that they work, in little time")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"no script {', '.join(unknown)}; there are {', '.join(known)}")
    rows: list[Row] = []
    failed = []
    for name in asked.names or known:
        began = time.monotonic()
        try:
            rows += known[name](short=asked.short)
        except Exception:  # noqa: BLE001  the other scripts go on; told below
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    if failed:
        print(f"could not measure: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
