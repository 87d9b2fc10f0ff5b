"""Whose connection is it? The kernel knows which process holds the other end of a local one.

Probes on one machine look alike to a target: same address, same words. A target that asks here can
be up for one of them and down for another, and nothing in the probes has to be changed for that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_ESTABLISHED = "01"


def owner(client_port: int, server_port: int, processes: Mapping[str, int]) -> str | None:
    """The name of the one of `processes` (name → pid) that holds the client's end, if any does."""
    inode = _inode(client_port, server_port)
    if inode is None:
        return None
    wanted = f"socket:[{inode}]"
    return next((name for name, pid in processes.items() if _holds(pid, wanted)), None)


def _inode(client_port: int, server_port: int) -> str | None:
    ends = f":{client_port:04X}", f":{server_port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *more = line.split()
        if state == _ESTABLISHED and local.endswith(ends[0]) and remote.endswith(ends[1]):
            return more[5]
    return None


def _holds(pid: int, wanted: str) -> bool:
    try:
        with os.scandir(f"/proc/{pid}/fd") as files:
            return any(_target(file.path) == wanted for file in files)
    except OSError:  # it has just ended
        return False


def _target(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
