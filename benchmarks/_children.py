"""Processes that a benchmark starts: what is measured, its targets and its peers, each on its own.

CPU is user + system of the whole process, from /proc, so Linux only.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_KB = 1024
_SHOWN = 4000  # characters at the end of a log
END_S = 15.0  # a process that has not ended by then is killed


class Child:
    """One process that runs now."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def cpu_s(self) -> float:
        """The CPU seconds it has used up to now, in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        """What it holds in memory now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / _KB
        raise RuntimeError(f"process {self.pid} has ended")

    def read(self) -> Any:
        """The next line of its output, which is JSON."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait(END_S)}")
        return msgspec.json.decode(line)

    def number(self, question: str) -> int:
        """Like `ask`, for what is answered by a number."""
        return int(self.ask(question))

    def ask(self, question: str) -> Any:
        """Write a line to its input; the line that it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(question.encode() + b"\n")
        self._process.stdin.flush()
        return self.read()

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it, in any case."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def running(
    command: Sequence[str | Path],
    environ: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    core: int | None = None,
    urgent: bool = False,
    log: Path | None = None,
) -> Iterator[Child]:
    """A process with pipes to its input and output, ended at the end. With `core` it runs on that
    core alone. `urgent` puts it before what else runs on this machine, if that is allowed: where
    moments are measured, waiting for a core would count as error. With `log` its errors go there,
    and are shown if it must have been its fault.
    """
    with ExitStack() as stack:
        process = subprocess.Popen(
            command,
            env=clean_environ(environ or {}),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if log is None else stack.enter_context(log.open("wb")),
        )
    child = Child(process)
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        if urgent:
            with suppress(PermissionError):
                os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(1))
        yield child
    except Exception:
        if log is not None:
            sys.stderr.write(log.read_text(errors="replace")[-_SHOWN:])
        raise
    finally:
        child.stop()


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module of this folder."""
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def clean_environ(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of uptop, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UPTOP_")}
    return {**kept, **more}


def cores() -> tuple[int, int]:
    """Two cores, for what is measured and for what it looks at; the same one if there is no other."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now, and that no connection which goes out is given."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def wait_for(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when it is true. Raises TimeoutError, saying what did not come."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
