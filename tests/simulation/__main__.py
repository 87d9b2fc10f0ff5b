"""`python -m tests.simulation`: the scripted worlds, the judge, and what the naive rules make of it.

Every run is fixed by its world, strategy and seed, and can be replayed by them.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import TYPE_CHECKING

from tests.simulation.goals import DETECTION, broken
from tests.simulation.naive import NAIVE
from tests.simulation.runs import Run, run
from tests.simulation.scales import Scale
from tests.simulation.scoring import Score, middle
from tests.simulation.table import Sums, times
from tests.simulation.worlds import WORLDS
from uptop_core.verdicts import strategies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Job = tuple[str, str, int, Scale, bool]


def main() -> int:
    """0 when every promise was kept."""
    _fix_the_hashing()
    options = _options()
    logging.disable(logging.WARNING)
    scale = Scale(
        nodes=options.nodes, monitors=options.monitors, interval=options.interval,
        timeout=options.timeout, hours=options.hours, slots=options.slots,
    )  # fmt: skip
    worlds, chosen = options.world or list(WORLDS), options.strategy or sorted(strategies())
    if options.replay is not None:
        return _replay(worlds, chosen, options.replay, scale)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.detection:
        return _detection(seeds, options.jobs)
    return _table(worlds, chosen, seeds, scale, options.jobs)


def _fix_the_hashing() -> None:
    """Sets of strings have one order only with a fixed hash seed, which is set before the start."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        again = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    usual = Scale()
    parser.add_argument("--seeds", type=int, default=3, help="runs of each world (3)")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--world", action="append", choices=list(WORLDS), metavar="NAME")
    parser.add_argument("--strategy", action="append", choices=sorted(strategies()))
    parser.add_argument("--hours", type=float, default=usual.hours)
    parser.add_argument("--nodes", type=int, default=usual.nodes)
    parser.add_argument("--monitors", type=int, help="20, and 120 where 99 fail")
    parser.add_argument("--interval", type=float, default=usual.interval)
    parser.add_argument("--timeout", type=float, default=usual.timeout)
    parser.add_argument("--slots", type=int, default=usual.slots)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (all cores)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="tell one seed's story")
    parser.add_argument(
        "--detection", action="store_true", help="time to detect: 3 and 5 nodes, 60 and 300 s"
    )
    return parser.parse_args()


def _table(
    worlds: list[str], chosen: list[str], seeds: range, scale: Scale, jobs: int | None
) -> int:
    began, spent, results = time.monotonic(), 0.0, 0
    sums = Sums()
    work = [
        (world, strategy, seed, scale, strategy == chosen[0])
        for world, seed, strategy in product(worlds, seeds, chosen)
    ]
    findings = []
    for done in _work(work, jobs):
        sums.add(done)
        spent += done.took_s
        results += done.results
        where = f"{done.world}, {done.strategy}, seed {done.seed}"
        if any(broken(done.world, done.strategy, done.score)):
            findings += [f"{where}: {finding}" for finding in done.score.findings]
    print(f"seeds {seeds.start} to {seeds.stop - 1}, {scale}")
    for line in sums.lines(worlds, [*chosen, *(rule.name for rule in NAIVE)]):
        print(line)
    print(
        f"{len(work)} runs, {results} results, {spent:.0f} CPU s, {time.monotonic() - began:.0f} s"
    )
    wrong = [
        words
        for world, strategy in product(worlds, chosen)
        if (score := sums.score(world, strategy)) is not None
        for words in broken(world, strategy, score)
    ]
    for words in (*findings, *wrong):
        print(words)
    print("promises kept" if not wrong else "promises BROKEN")
    return 1 if wrong else 0


def _detection(seeds: range, jobs: int | None) -> int:
    """Time to detect under majority-down against its goals."""
    late = False
    print(f"seeds {seeds.start} to {seeds.stop - 1}, world 'one down', majority-down, timeout 5 s")
    for (nodes, interval), goal in DETECTION.items():
        scale = Scale(nodes=nodes, interval=interval)
        work = [("one down", "majority-down", seed, scale, False) for seed in seeds]
        total = Score()
        for done in _work(work, jobs):
            total.add(done.score)
        median = middle(total.detected_s)
        late = late or median is None or median > goal
        print(
            f"{nodes} nodes, {interval:3.0f} s: {times(total.detected_s)} s (median, worst) of"
            f" {len(total.detected_s)} outages, goal {goal:.0f}"
        )
    return 1 if late else 0


def _work(work: list[Job], jobs: int | None) -> Iterator[Run]:
    if jobs == 1 or len(work) == 1:
        yield from map(_one, work)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_one, work, chunksize=1)


def _one(job: Job) -> Run:
    world, strategy, seed, scale, naive = job
    gc.disable()
    done = run(world, strategy, seed, scale, naive=naive)
    gc.enable()
    done.story = []
    return done


def _replay(worlds: Iterable[str], chosen: Iterable[str], seed: int, scale: Scale) -> int:
    for world, strategy in product(worlds, chosen):
        done = run(world, strategy, seed, scale)
        print(f"== {world}, {strategy}, seed {seed}")
        for line in (*done.story, *done.score.findings):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
