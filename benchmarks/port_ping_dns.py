"""port, ping and dns in the engine, each in turns with blackbox_exporter."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import _blackbox
from benchmarks._goals import row
from benchmarks._looking import Looking
from benchmarks._ways import in_turns, ours, ratio, target
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.ping import PingCheck
from uptop_core.checks.port import PortCheck

if TYPE_CHECKING:
    from benchmarks import Row
    from uptop_core.kinds import AnyCheck


def measure(*, short: bool = False) -> list[Row]:
    """Three kinds, one after the other."""
    count, rounds = (200, 1) if short else (3000, 5)
    with ExitStack() as stack:
        tcp, _ = stack.enter_context(target("tcp"))
        dns, _ = stack.enter_context(target("dns"))
        exporter = stack.enter_context(_blackbox.exporter())
        server = f"127.0.0.1:{dns}"
        kinds: list[tuple[str, AnyCheck, str, str]] = [
            ("port check", PortCheck(hostname="127.0.0.1", port=tcp), "tcp", f"127.0.0.1:{tcp}"),
            ("ping check", PingCheck(hostname="127.0.0.1"), "icmp", "127.0.0.1"),
            (
                "dns check",
                DnsCheck(hostname="www.example.com", dns_server=server),
                "dns",
                server,
            ),
        ]
        return [
            _kind(what, check, exporter, (module, to), count, rounds)
            for what, check, module, to in kinds
        ]


def _kind(
    what: str,
    check: AnyCheck,
    exporter: _blackbox.Exporter | None,
    theirs: tuple[str, str],
    count: int,
    rounds: int,
) -> Row:
    ways = {"uptop": ours(Looking(check=check, count=count))}
    if exporter is None:
        return row(what, median(in_turns(ways, count, rounds)["uptop"]), peer=_blackbox.ABSENT)
    ways["blackbox_exporter"] = exporter.way(*theirs)
    spent = in_turns(ways, count, rounds)
    mine, others = spent["uptop"], spent["blackbox_exporter"]
    peer = f"blackbox_exporter {median(others):.3f}"
    return row(what, median(mine), peer=peer, ratio=ratio(mine, others))
