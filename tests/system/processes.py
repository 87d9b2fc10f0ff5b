"""Real processes of ours: started with a clean environment, watched, and always ended by pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio

_TAIL = 40  # lines of a log that are shown when a test fails
_ANYWAY = ("PATH", "HOME", "LANG", "TZ", "PYTHONPATH")


class Process:
    """One process of one node; it may be started again after its end. The log is appended to.
    `around` is what it finds in its environment beside its settings.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        folder: Path,
        around: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = [sys.executable, *arguments]
        self._folder = folder
        self._around = dict(around or {})
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the process that runs now."""
        assert self._running is not None, f"{self.name} does not run"
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether it runs; one that has ended is reaped here."""
        return self._running is not None and self._running.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended last; None while it runs."""
        return None if self._running is None else self._running.poll()

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, with `environment` and nothing of UPTOP_ from outside."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self._arguments,
                cwd=self._folder,
                env=clean_environment({**environment, **self._around}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def pause(self) -> None:
        """Let it stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it the hard way: no handler of its own runs."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def stop(self, within_s: float = 10.0) -> float:
        """End it the polite way; how many seconds that took. One that does not end is killed."""
        began = anyio.current_time()
        if self._running is None:
            return 0.0
        if self.is_running:
            self.signal(signal.SIGTERM)
        try:
            await self.ended(within_s)
        finally:
            self.kill()
        return anyio.current_time() - began

    async def ended(self, within_s: float = 10.0) -> int:
        """Wait for its end; the exit code."""
        with anyio.fail_after(within_s):
            while self.is_running:
                await anyio.sleep(0.01)
        assert self.exit_code is not None
        return self.exit_code

    def said(self) -> str:
        """Everything it has written."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self) -> str:
        """The end of what it has written, for people who look for the cause."""
        lines = self.said().splitlines()[-_TAIL:]
        return "\n".join([f"--- {self.name} (exit code {self.exit_code})", *lines])


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a process of ours sees: the little a program needs to run, and `more`."""
    kept = {name: os.environ[name] for name in _ANYWAY if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


async def run_command(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run one of our commands to its end: exit code, stdout and stderr."""
    with anyio.fail_after(60):
        return await anyio.run_process(
            [sys.executable, *arguments],
            cwd=folder,
            env=clean_environment(environment),
            check=False,
        )
