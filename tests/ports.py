"""A port for a process that is to listen there in a moment."""

from __future__ import annotations

import random
import socket

_BELOW_THOSE_OF_CLIENTS = range(20_000, 32_000)
"""The system gives a connection that goes out a port from 32 768 on (Linux) or 49 152: one of those,
free just now, may be somebody's before the process has begun.
"""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now, and that no connection will be given."""
    while True:
        port = random.choice(_BELOW_THOSE_OF_CLIENTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
