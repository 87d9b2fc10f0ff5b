"""What `doctor` looks at on any node: each thing becomes a `Finding`, which says how to mend it.

Nothing is changed, registered or reported here, so that it may run beside what it examines.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import ssl
import sys
import time
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.canaries import canary_check
from uptop_core.errors import CheckFailed, LeaderError, LeaderRefused
from uptop_core.escaping import escape
from uptop_core.exchange import causes
from uptop_core.looks import Vantage
from uptop_core.outcomes import Reason
from uptop_core.prober.sockets import SharedSockets
from uptop_core.run_check import run_check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from pathlib import Path

    from uptop_core.client import LeaderClient

ANSWER_S = 5.0
NOBODY = "doctor"
CLOCK_OFF_S = 2.0
"""How far clocks may be apart; an HTTP date tells whole seconds only."""
_WORDS = 300
_FULL = 0.95
_LEAST_BYTES = 200 * 1024 * 1024
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 512  # more than struct timex has anywhere


class Level(StrEnum):
    """How bad it is."""

    FINE = "ok"
    WARNING = "warn"
    WRONG = "wrong"


class Finding(Struct, frozen=True):
    """One thing that was looked at, what was found, and what to do about it."""

    level: Level
    about: str
    what: str
    mend: str = ""


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each, and one for all of them together."""
    counts = dict.fromkeys(Level, 0)
    for one in findings:
        counts[one.level] += 1
        mend = f" -> {one.mend}" if one.mend else ""
        yield f"{one.level:<5}  {one.about:<10}  {escape(one.what, _WORDS)}{mend}"
    bad, odd = counts[Level.WRONG], counts[Level.WARNING]
    yield f"{bad} wrong, {odd} to look at, {counts[Level.FINE]} fine"


def python() -> Finding:
    """The interpreter, and whether the fast event loop is there."""
    from importlib.util import find_spec

    version = ".".join(str(part) for part in sys.version_info[:3])
    if find_spec("uvloop") is None:
        mend = "pip install 'uptop-core[checks]' where uvloop can be had"
        return Finding(Level.WARNING, "python", f"{version} without uvloop: checks cost more", mend)
    return Finding(Level.FINE, "python", f"{version} with uvloop")


def clock() -> Finding:
    """Whether the kernel says that something keeps the clock right."""
    library = ctypes.util.find_library("c") if sys.platform == "linux" else None
    if library is None:
        return Finding(Level.FINE, "clock", "this system does not tell whether it is kept right")
    state = ctypes.CDLL(library).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == _UNSYNCHRONISED:
        what = "nothing keeps it right, as far as the kernel knows"
        return Finding(Level.WARNING, "clock", what, "run chrony or systemd-timesyncd on the host")
    return Finding(Level.FINE, "clock", "kept right, says the kernel")


def disk(folder: Path, *, is_written: bool = True) -> Finding:
    """The room for the database, and whether its folder may be written to, where that matters."""
    try:
        total, _, free = shutil.disk_usage(folder)
    except OSError as error:
        what = f"{folder}: {error.strerror}"
        return Finding(Level.WRONG, "disk", what, "see to the folder of UPTOP_DB_DSN")
    if is_written and not os.access(folder, os.W_OK | os.X_OK):
        mend = "see to its owner and its mount: SQLite writes beside the database"
        return Finding(Level.WRONG, "disk", f"{folder.absolute()} may not be written to", mend)
    what = f"{_size(free)} free of {_size(total)} at {folder.absolute()}"
    if free < _LEAST_BYTES or 1 - free / total > _FULL:
        mend = "make room, or keep less (UPTOP_RETENTION_RAW)"
        return Finding(Level.WRONG if free < _LEAST_BYTES else Level.WARNING, "disk", what, mend)
    return Finding(Level.FINE, "disk", what)


def _size(octets: int) -> str:
    return f"{octets / 1e9:.1f} GB" if octets >= 1e9 else f"{octets / 1e6:.1f} MB"


def pings() -> Iterator[Finding]:
    """Whether this process may send ICMP, for both versions of IP."""
    with SharedSockets() as sockets:
        for version in (4, 6):
            about = f"ping ipv{version}"
            try:
                sockets.echoes(version)
            except CheckFailed as error:
                yield Finding(Level.WRONG, about, error.detail, "or watch nothing by ping here")
            except OSError as error:
                what = f"not to be had here: {error.strerror}"
                yield Finding(Level.WARNING, about, what, "watch nothing by it from this node")
            else:
                yield Finding(Level.FINE, about, "allowed")


async def canaries(written: Iterable[str], vantage: Vantage) -> AsyncIterator[Finding]:
    """Each of UPTOP_CANARIES: whether it answers, and so whether names are resolved."""
    asked = False
    for one in written:
        asked = True
        outcome = await run_check(canary_check(one), timeout=ANSWER_S, vantage=vantage)
        if outcome.up:
            took = outcome.timings.total_ns / 1e6
            yield Finding(Level.FINE, "canary", f"{one} answers within {took:.0f} ms")
            continue
        mend = "see to this node's network, or choose another host in UPTOP_CANARIES"
        if outcome.reason is Reason.DNS_ERROR:
            mend = "see to this node's resolver (/etc/resolv.conf)"
        elif outcome.reason is Reason.BLOCKED_TARGET:
            mend = "choose a public host, or set UPTOP_ALLOW_PRIVATE_TARGETS"
        yield Finding(Level.WRONG, "canary", f"{one}: {outcome.detail}", mend)
    if not asked:
        what = "none: with few targets this node cannot tell its own line from theirs"
        yield Finding(
            Level.WARNING, "canary", what, "UPTOP_CANARIES=https://…, two that never sleep"
        )


async def leader(client: LeaderClient, node: str = NOBODY) -> list[Finding]:
    """A leader: whether it answers, how it is, how far apart the clocks are, and whether it takes
    what this node shows it. `node` is for whom it is asked: by default for a node that there is not,
    so that it does not take this for a sign of life. Who shows a node's own key has to be that node.
    """
    try:
        health, said = await client.health(), await client.date()
    except LeaderRefused as error:
        return [_refused(error)]
    except LeaderError as error:
        mend = "see to the URL, the network and the leader (`uptop-leader status` there)"
        if client.url.startswith("http:"):
            mend = f"{mend}; where it serves HTTPS, the URL begins with https:"
        if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes(error)):
            mend = (
                "its certificate must be for that name, and by an authority that this system knows,"
                " or that is in the file SSL_CERT_FILE of this node's environment"
            )
        return [Finding(Level.WRONG, "leader", str(error), mend)]
    level = Level.FINE if health.status == "ok" else Level.WARNING
    activity = "active" if health.active else "standing by"
    what = f"{client.url} is {activity}: {health.status}"
    what += f" ({health.reason})" if health.reason else ""
    return [
        Finding(level, "leader", what),
        *([_apart(client.url, said)] if said else []),
        await _welcome(client, node),
    ]


def _apart(url: str, said: str) -> Finding:
    off = time.time() - parsedate_to_datetime(said).timestamp()
    if abs(off) > CLOCK_OFF_S:
        what = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {url}"
        return Finding(Level.WARNING, "clock", what, "keep both right with NTP")
    return Finding(Level.FINE, "clock", f"as that of {url}, to the second")


async def _welcome(client: LeaderClient, node: str) -> Finding:
    """Whether the leader would talk with this node."""
    try:
        await client.assignments(node)
    except LeaderRefused as error:
        if error.code == "unregistered":
            return Finding(Level.FINE, "credential", f"{client.url} takes it")
        return _refused(error)
    except LeaderError as error:
        return Finding(Level.WARNING, "credential", str(error), "ask again when it is well")
    return Finding(Level.FINE, "credential", f"{client.url} takes it")


def _refused(error: LeaderRefused) -> Finding:
    mend = "the leader must know what is in UPTOP_CLUSTER_SECRET or UPTOP_NODE_KEY"
    if error.status == HTTPStatus.FORBIDDEN:
        mend = "a key is for one node: set UPTOP_NODE_ID to it, or make this node a key of its own"
    return Finding(Level.WRONG, "credential", str(error), mend)
