"""When the kernel received what is read: a busy loop reads it later, and that is not the target's doing."""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Linux's SO_TIMESTAMPNS, which is also the type of the message that brings the stamp.
_STAMPS = 35
_STAMP = struct.Struct("@ll")  # struct timespec, by the wall clock
SPACE = socket.CMSG_SPACE(_STAMP.size) if sys.platform == "linux" else 0


def stamp_what_comes(sock: socket.socket) -> None:
    """Have the kernel stamp what is read from `sock`, where it can; recvmsg needs `SPACE` for it."""
    if SPACE:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        except OSError:
            pass  # another architecture's number: then the moment of reading has to do


def stamped_ns(told: Iterable[tuple[int, int, bytes]], since_ns: int, now_ns: int) -> int | None:
    """When what was just read with `told` arrived, from `since_ns` to `now_ns`, which is now by
    time.perf_counter_ns; None if there is no stamp, or the wall clock was set in between.
    """
    for level, kind, stamp in told:
        if level == socket.SOL_SOCKET and kind == _STAMPS and len(stamp) == _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack(stamp)
            then_ns: int = now_ns - time.time_ns() + seconds * 1_000_000_000 + nanoseconds
            if since_ns <= then_ns <= now_ns:
                return then_ns
    return None


def arrived_ns(told: Iterable[tuple[int, int, bytes]], since_ns: int) -> int:
    """When a datagram that was just read with `told` arrived, at `since_ns` or after it; now, if no
    stamp tells.
    """
    now_ns = time.perf_counter_ns()
    stamped = stamped_ns(told, since_ns, now_ns)
    return now_ns if stamped is None else stamped
