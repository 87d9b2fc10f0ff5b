"""Run faults with real processes and print what was seen.

    python -m tests.system.faults [--short] [--seed N] [NAME …]

Without names all are run. Exit code 1 if something did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from random import Random, SystemRandom

import anyio
from msgspec import Struct

from tests.system.cluster import cluster
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.rows import rows

_WIDTHS = (4, 23, 38, 38, 44, 4)
_HEAD = ("row", "name", "fault", "expected", "seen", "ok")


class Seen(Struct, frozen=True):
    """What came of one fault."""

    fault: Fault
    held: bool
    words: str


async def survive(fault: Fault, folder: Path, *, seed: int, full: bool) -> str:
    """Run one fault in a cluster of its own; what was seen."""
    async with cluster(folder) as town:
        return await fault.run(Ground(town, Random(seed), full))


def main() -> int:
    """See above."""
    every = {fault.name: fault for fault in rows()}
    parser = argparse.ArgumentParser("faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    parser.add_argument("--short", action="store_true", help="less often, with quicker timings")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    given = parser.parse_args()
    if unknown := set(given.names) - every.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; known: {', '.join(every)}")
    chosen = [every[name] for name in given.names] or list(every.values())
    print(f"seed {given.seed}\n")
    _print(_HEAD)
    _print(tuple("-" * width for width in _WIDTHS))
    all_seen = [_run(fault, given.seed, full=not given.short) for fault in chosen]
    return 0 if all(seen.held for seen in all_seen) else 1


def _run(fault: Fault, seed: int, *, full: bool) -> Seen:
    began = time.monotonic()
    logs = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="uptop-fault-") as folder:
        try:
            with contextlib.redirect_stdout(logs):
                words = anyio.run(lambda: survive(fault, Path(folder), seed=seed, full=full))
            seen = Seen(fault, held=True, words=words)
        except Exception as error:  # noqa: BLE001  the other rows are run all the same
            seen = Seen(fault, held=False, words=f"{type(error).__name__}: {error}")
    words = f"{seen.words} ({time.monotonic() - began:.0f} s)"
    _print((fault.row, fault.name, fault.what, fault.expected, words, "yes" if seen.held else "NO"))
    if not seen.held:
        print(logs.getvalue(), file=sys.stderr)
    return seen


def _print(cells: tuple[str, ...]) -> None:
    """One row of the table, each cell in its column."""
    wrapped = [textwrap.wrap(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    for line in range(max(map(len, wrapped))):
        parts = (lines[line] if line < len(lines) else "" for lines in wrapped)
        padded = (part.ljust(width) for part, width in zip(parts, _WIDTHS, strict=True))
        print(" | ".join(padded).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
