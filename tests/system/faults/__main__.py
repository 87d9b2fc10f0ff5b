"""Run faults with real processes and print what was seen.

    python -m tests.system.faults [--short] [--usual] [--times N] [--seed N] [--jobs N] [NAME …]

Without names all are run. Exit code 1 if something did not hold.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import time
from random import SystemRandom

from tests.system.faults.fault import Fault, Size
from tests.system.faults.rows import rows
from tests.system.faults.survive import JOBS, Seen, at_work

_WIDTHS = (4, 23, 38, 38, 44, 4)
_HEAD = ("row", "name", "fault", "expected", "seen", "ok")


def main() -> int:
    """See above."""
    every = {fault.name: fault for fault in rows()}
    parser = argparse.ArgumentParser("faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    parser.add_argument("--short", action="store_true", help="less often, with quicker timings")
    parser.add_argument(
        "--usual", action="store_true", help="of rows about pairs: the usual time constants"
    )
    parser.add_argument("--times", type=int, default=0, help="how often, in rows that count")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--jobs", type=int, default=JOBS, help="so many at once")
    given = parser.parse_args()
    if unknown := set(given.names) - every.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; known: {', '.join(every)}")
    chosen = [every[name] for name in given.names] or list(every.values())
    size = Size(full=not given.short, usual=given.usual, times=given.times)
    began, held = time.monotonic(), 0
    print(f"seed {given.seed}\n")
    _print(_HEAD)
    _print(tuple("-" * width for width in _WIDTHS))
    with at_work(chosen, seed=given.seed, size=size, jobs=given.jobs) as seen:
        for fault in chosen:
            held += _show(fault, seen[fault.name].result())
    print(f"\n{held} of {len(chosen)} held, {time.monotonic() - began:.0f} s")
    return 0 if held == len(chosen) else 1


def _show(fault: Fault, seen: Seen) -> bool:
    words = f"{seen.words} ({seen.took_s:.0f} s)"
    _print((fault.row, fault.name, fault.what, fault.expected, words, "yes" if seen.held else "NO"))
    if not seen.held:
        print(seen.logs, file=sys.stderr, flush=True)
    return seen.held


def _print(cells: tuple[str, ...]) -> None:
    """One row of the table, each cell in its column."""
    wrapped = [textwrap.wrap(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    for line in range(max(map(len, wrapped))):
        parts = (lines[line] if line < len(lines) else "" for lines in wrapped)
        padded = (part.ljust(width) for part, width in zip(parts, _WIDTHS, strict=True))
        print(" | ".join(padded).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
