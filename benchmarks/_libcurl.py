"""libcurl as a peer: the curl program with many transfers at once, a new connection each."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks._ways import Way

ABSENT = "libcurl: absent"
_AT_ONCE = 10


def curl(url: str, authority: Path | None = None) -> Way | None:
    """`url` ends with a slash: a number is put behind it. None when curl is not installed."""
    program = shutil.which("curl")
    if program is None:
        return None
    command = [
        *(program, "--disable", "--silent", "--show-error", "--fail", "--parallel"),
        *("--parallel-max", str(_AT_ONCE), "--parallel-immediate", "--header", "Connection: close"),
        *("--noproxy", "*", "--no-sessionid", "--output", "/dev/null"),
        *(("--cacert", str(authority)) if authority is not None else ()),
    ]

    def way(count: int) -> float:
        return _cpu_s([*command, f"{url}[1-{count}]"]) - _cpu_s([*command, f"{url}[1-1]"])

    return way


def _cpu_s(command: list[str]) -> float:
    """What a process has used at its end."""
    # Some versions draw a meter of parallel transfers however silent they are to be.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"curl ended with {process.returncode}")
    return used.ru_utime + used.ru_stime
