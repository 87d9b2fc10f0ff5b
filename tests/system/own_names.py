"""uptop-probe on a machine with names of its own, which tests can take away.

    python own_names.py FILE

FILE is JSON, name → address. While it is missing no name is resolved, as where the name server is
gone. Only the resolver of the system is replaced: that cannot be cut off for one process alone.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
from pathlib import Path
from typing import Any

from uptop_probe.cli import main

_usual = socket.getaddrinfo


def resolve_from(file: Path) -> None:
    """Have names resolved from `file`."""

    def ask(host: Any, *more: Any, **others: Any) -> Any:
        return _usual(_address_of(file, host), *more, **others)

    socket.getaddrinfo = ask


def _address_of(file: Path, host: Any) -> Any:
    if not isinstance(host, str) or _is_address(host):
        return host
    try:
        return json.loads(file.read_text())[host]
    except FileNotFoundError:
        why = "Temporary failure in name resolution"
        raise socket.gaierror(socket.EAI_AGAIN, why) from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    resolve_from(Path(sys.argv[1]))
    sys.exit(main([]))
