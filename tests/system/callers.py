"""Whose connection is it? The kernel knows which process holds the other end of a local one.

Probes on one machine look alike to a target: same address, same words. A target that asks here can
be up for one of them and down for another, and nothing in the probes has to be changed for that.

The kernel is asked for one socket (sock_diag(7)): to read through all of /proc/net/tcp takes a
hundred times as long, and a target that answers slowly because of that is not up.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

Address = tuple[str, int]

_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
_HEADER = struct.Struct("=IHHII")
_WHAT = struct.Struct("=BBBBI")  # family, protocol, extensions, padding, states
_ENDS = struct.Struct("!HH4s12x4s12x")
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, no cookie
_INODE_AT = 84
_ESTABLISHED = "01"


def owner(client: Address, server: Address, processes: Mapping[str, int]) -> str | None:
    """The name of the one of `processes` (name → pid) that holds the client's end, if any does."""
    inode = _inode(client, server)
    if not inode:
        return None
    wanted = f"socket:[{inode}]"
    return next((name for name, pid in processes.items() if _holds(pid, wanted)), None)


def _inode(client: Address, server: Address) -> int | None:
    try:
        return _asked(client, server)
    except OSError:  # a kernel without sock_diag
        return _listed(client[1], server[1])


def _asked(client: Address, server: Address) -> int | None:
    ends = (client[1], server[1], socket.inet_aton(client[0]), socket.inet_aton(server[0]))
    what = _WHAT.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    body = what + _ENDS.pack(*ends) + _ANY
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body)
        told = kernel.recv(4096)
    if _HEADER.unpack_from(told)[1] != _BY_FAMILY:  # it is gone
        return None
    inode: int = struct.unpack_from("=I", told, _INODE_AT)[0]
    return inode


def _listed(client_port: int, server_port: int) -> int | None:
    ends = f":{client_port:04X}", f":{server_port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *more = line.split()
        if state == _ESTABLISHED and local.endswith(ends[0]) and remote.endswith(ends[1]):
            return int(more[5])
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
