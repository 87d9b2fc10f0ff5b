"""Give checks random and mutated answers, and a leader hostile requests: nothing may crash, hang,
grow or blame ourselves.

    python -m tests.fuzz [--count N] [--seed S] [--only NUMBER]

`--count` answers (100 000) are read in memory, a tenth of them comes over real connections, and a
fiftieth to the way by httpx; a tenth as many requests are put to all endpoints of a leader. A failure prints the seed and number that make it again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import SystemRandom

import anyio

from tests.fuzz import by_sockets, in_memory, in_process
from tests.fuzz.cases import case

_MAY_GROW_KIB = 64 * 1024


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one case, printed")
    given = parser.parse_args()
    seed, count = given.seed, given.count
    numbers = range(count)
    if given.only is not None:
        numbers = range(given.only, given.only + 1)
        print(case(seed, given.only))
    print(f"seed {seed}")
    ways: dict[str, tuple[range, Callable[[range], Counter[str]]]] = {
        "in memory": (numbers, partial(in_memory.run, seed)),
        "by sockets": (_part(numbers, 10), partial(_sockets, seed, False)),
        "by httpx": (_part(numbers, 50), partial(_sockets, seed, True)),
        "asks": (_part(numbers, 10), partial(in_process.run, seed)),
    }
    return 0 if all(_run(name, part, run) for name, (part, run) in ways.items()) else 1


def _part(numbers: range, share: int) -> range:
    return numbers if len(numbers) == 1 else range(len(numbers) // share)


def _sockets(seed: int, by_httpx: bool, numbers: range) -> Counter[str]:
    return anyio.run(partial(by_sockets.run, seed, numbers, by_httpx=by_httpx))


def _run(name: str, numbers: range, run: Callable[[range], Counter[str]]) -> bool:
    began = time.monotonic()
    try:
        run(numbers[:100])  # so that what is loaded once is there
        before_kib = _peak_kib()
        found = run(numbers)
    except Exception as error:  # noqa: BLE001  the other ways are gone all the same
        print(f"{name}: NO: {_innermost(error)}")
        return False
    grown_kib, took_s = _peak_kib() - before_kib, time.monotonic() - began
    counts = ", ".join(f"{what} {count}" for what, count in found.most_common())
    print(f"{name}: {len(numbers)} in {took_s:.0f} s, {grown_kib / 1024:.1f} MiB grown: {counts}")
    return grown_kib <= _MAY_GROW_KIB


def _innermost(error: BaseException) -> BaseException:
    """One of the faults, without the task groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(main())
