"""Run a fault in a cluster of its own, and say what came of it; several of them at once."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from random import Random

import anyio
from msgspec import Struct

from tests.system.cluster import cluster
from tests.system.faults.fault import Fault, Ground, Size
from tests.system.faults.invariants import assert_invariants

_HERE = Path(__file__).parent.parent
JOBS = 2
"""Faults at once: most of their time is waiting."""


class Seen(Struct, frozen=True, kw_only=True):
    """What came of one fault. `logs` are for who looks for the cause, where something did not
    hold."""

    name: str
    held: bool
    words: str
    took_s: float
    logs: str


async def survive(fault: Fault, folder: Path, *, seed: int, size: Size) -> str:
    """Run one fault in a cluster of its own, and look at its records; what was seen."""
    async with cluster(folder) as town:
        seen = await fault.run(Ground(town, Random(seed), size))
        await assert_invariants(town)
        return seen


def seen_of(fault: Fault, *, seed: int, size: Size) -> Seen:
    """Run one fault, in a folder that is gone afterwards."""
    began = time.monotonic()
    logs, held = io.StringIO(), False
    with (
        tempfile.TemporaryDirectory(prefix="uptop-fault-") as folder,
        contextlib.redirect_stdout(logs),
        contextlib.redirect_stderr(logs),  # what is logged in virtual time
    ):
        try:
            words = anyio.run(lambda: survive(fault, Path(folder), seed=seed, size=size))
            held = True
        except Exception as error:  # noqa: BLE001  the other rows are run all the same
            words = f"{type(error).__name__}: {error}"
            logs.write(_where(error))
    took = time.monotonic() - began
    return Seen(name=fault.name, held=held, words=words, took_s=took, logs=logs.getvalue())


def _where(error: BaseException) -> str:
    """The lines of ours in which it happened, with what was known there."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in found.stack if frame.filename.startswith(str(_HERE))]
    return "".join(traceback.StackSummary.from_list(ours).format())


@contextlib.contextmanager
def at_work(
    faults: Iterable[Fault], *, seed: int, size: Size, jobs: int = JOBS
) -> Iterator[dict[str, Future[Seen]]]:
    """Run `faults`, so many at once, each in a process; what comes of each, by name. What has not
    begun at the end of the block is not begun any more.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    try:
        yield {fault.name: pool.submit(seen_of, fault, seed=seed, size=size) for fault in faults}
    finally:
        pool.shutdown(cancel_futures=True)
