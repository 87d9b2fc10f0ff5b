"""Whether a latency is the target's: one that answers after exactly 50 ms, in another process, is
looked at 1 000 times a second from one core.

The target measures by the kernel's stamps for how long it has really held each answer, and what an
outcome says beyond that is the error: of the whole latency for http and tcp (so connecting, about
0.05 ms on loopback, counts as error), of what is not connecting and handshake for https.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks._children import cores, module, running
from benchmarks._goals import row
from benchmarks._looking import Looking
from benchmarks._ways import certificate, look
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from benchmarks import Row
    from benchmarks._children import Child
    from uptop_core.kinds import AnyCheck

PER_SECOND = 1000
_SETTLED = 0.2  # this share of the looks comes first and does not count
_PEER = "stock httpx 2 / 14 at half load (p50 / p99)"


def measure(*, short: bool = False) -> list[Row]:
    """Three kinds, one after the other."""
    ours, theirs = cores()
    rows: list[Row] = []
    with certificate() as (pem, authority), _target(pem, theirs) as held:
        http, tcp, https = held.read()
        kinds: dict[str, AnyCheck] = {
            "http": HttpCheck(url=f"http://127.0.0.1:{http}/"),
            "tcp": PortCheck(hostname="127.0.0.1", port=tcp, send="\\n", expect="fine"),
            "https": HttpCheck(url=f"https://127.0.0.1:{https}/"),
        }
        for name, check in kinds.items():
            spec = Looking(
                check=check,
                count=200 if short else 5 * PER_SECOND,
                per_second=PER_SECOND,
                numbered=True,
                ca_file=str(authority),
            )
            rows += _kind(name, spec, held, ours)
    return rows


def _target(pem: Path, core: int) -> AbstractContextManager[Child]:
    return running(module("_held", str(pem)), core=core, urgent=True)


def _kind(name: str, spec: Looking, target: Child, core: int) -> list[Row]:
    cost = look(spec, core=core, urgent=True)
    held: dict[str, Any] = target.ask("held")
    errors = sorted(
        (latency - held[str(number)] - (cost.handshakes_ns[number] if name == "https" else 0)) / 1e6
        for number, latency in cost.latencies_ns.items()
        if number >= spec.count * _SETTLED and str(number) in held
    )
    reached = spec.count / cost.wall_s
    said = f"at {reached:.0f} checks/s, {cost.cpu_s / cost.wall_s:.0%} of a core"
    if cost.failed:
        said += f"; {cost.failed} of {spec.count} failed ({cost.why})"
    if not errors:
        return [row(f"error of latency, {name}, {p}", None, peer=said) for p in ("median", "p99")]
    return [
        row(f"error of latency, {name}, median", errors[len(errors) // 2], peer=said),
        row(f"error of latency, {name}, p99", errors[len(errors) * 99 // 100], peer=_PEER),
    ]
