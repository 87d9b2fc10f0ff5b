"""The demo's own processes: a leader and two probes, started as a person would start them, and
ended together whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_core.errors import UptopError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STOP_S = 8.0
_TAIL = 2000  # characters of a log that are shown when its process has died


class Died(UptopError):
    """Raised when one of the demo's processes ended by itself."""

    def __init__(self, name: str, code: int, log: str) -> None:
        super().__init__(f"{name} ended with code {code}:\n{log}")


class Process(Struct):
    """A running part of the demo and where it logs."""

    name: str
    child: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise Died if it has."""
        code = self.child.poll()
        if code is not None:
            raise Died(self.name, code, self.log.read_text(errors="replace")[-_TAIL:])


def start(name: str, module: str, folder: Path, settings: dict[str, str]) -> Process:
    """Start `python -m module` with only these settings of ours, logging into `folder`.

    It gets a session of its own, so that Ctrl-C reaches the demo alone, which then ends it.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UPTOP_")}
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", module],
            cwd=folder,
            env={**environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(name, child, log)


@contextlib.asynccontextmanager
async def ended(processes: list[Process]) -> AsyncIterator[None]:
    """End what is in the list when the block is left, in reverse order, first with SIGTERM."""
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            for process in reversed(processes):
                await _end(process)


async def _end(process: Process) -> None:
    child = process.child
    for how, patience in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        if child.poll() is not None:
            return
        child.send_signal(how)
        with anyio.move_on_after(patience):
            while child.poll() is None:  # noqa: ASYNC110  a process has no event to wait for
                await anyio.sleep(0.05)
