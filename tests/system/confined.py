"""Processes under the walls that containers and units of `deploy/` put around them.

A read-only file system but for one folder, no capability, no way to get any, and no memory that is
writable and executable: what Docker and systemd are told to do, done with what Linux has.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sysconfig
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.system.processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SCRIPTS = Path(sysconfig.get_path("scripts"))
_REFUSE_EXEC_GAIN = (65, 1, 0, 0, 0)  # prctl: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
_WALLS = """
mount --bind "$1" "$1"
mount -o remount,bind,ro /
cd "$1"
shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def why_not() -> str:
    """Why such walls cannot be put up here; empty if they can."""
    if any(shutil.which(tool) is None for tool in ("unshare", "setpriv", "mount")):
        return "needs unshare, setpriv and mount"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "mount namespaces cannot be made here"


def _refuse_exec_gain() -> None:
    """Where the kernel knows how (Linux 6.3), as MemoryDenyWriteExecute= does it."""
    ctypes.CDLL(None).prctl(*_REFUSE_EXEC_GAIN)


class Confined:
    """One process, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def said(self) -> str:
        """Its log."""
        return self._log.read_text()

    def until(self, is_so: Callable[[str], object], within_s: float = 30.0) -> None:
        """Wait until its log is as wanted; its end before that is a failure."""
        deadline = time.monotonic() + within_s
        while not is_so(self.said()):
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def stop(self, within_s: float = 15.0) -> int:
        """End it politely; its exit code."""
        self._process.terminate()
        return self._process.wait(within_s)


@contextmanager
def confined(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[Confined]:
    """`command` with `folder` as the only place to write to; always ended."""
    program, *arguments = command
    walls = ["unshare", "--mount", "sh", "-ec", _WALLS, "sh", str(folder)]
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*walls, str(SCRIPTS / program), *arguments],
            env=clean_environment({"TMPDIR": str(folder), **environment}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=_refuse_exec_gain,
        )
    try:
        yield Confined(process, log)
    finally:
        process.kill()
        process.wait()


def run_beside(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """One of our commands in the same folder, to its end."""
    program, *arguments = command
    return subprocess.run(
        [str(SCRIPTS / program), *arguments],
        cwd=folder,
        env=clean_environment({"PATH": os.environ["PATH"], **environment}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
