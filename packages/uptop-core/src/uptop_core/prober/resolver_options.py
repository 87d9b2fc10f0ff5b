"""How soon the system's resolver asks again.

glibc waits 5 s for a name server, which is all the time that most looks have: one lost datagram, or
a first server that is dead, would be an outage of everything that has a name. What it is told in
RES_OPTIONS (resolv.conf(5)) goes for one process and what that starts, so the programs that look say
so when they start, unless an administrator has said something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

VARIABLE = "RES_OPTIONS"
OPTIONS = "timeout:1 attempts:3"
"""Asks again after 1, 2 and 4 s, divided among the servers: longer in all than a usual look."""


def hasten_resolver(
    environ: MutableMapping[str, str], resolv_conf: str = "/etc/resolv.conf"
) -> None:
    """Have the resolver ask again after a second. To be called before the first name is resolved,
    with the environment of the process.
    """
    try:
        lines = Path(resolv_conf).read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    written = [word for line in lines if line.split()[:1] == ["options"] for word in line.split()]
    if VARIABLE not in environ and not any(word.startswith("timeout:") for word in written):
        environ[VARIABLE] = OPTIONS
