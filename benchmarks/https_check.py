"""https: a new connection and a whole handshake each, the certificate verified."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks import Row, _blackbox, _libcurl
from benchmarks._goals import row
from benchmarks._looking import Looking
from benchmarks._ways import certificate, in_turns, ours, ratio, target
from uptop_core.checks.http import HttpCheck

if TYPE_CHECKING:
    from pathlib import Path


def measure(*, short: bool = False) -> list[Row]:
    """In turns with the peers. blackbox_exporter does not verify."""
    with certificate() as (pem, authority):
        return _measure(pem, authority, *((100, 1) if short else (1000, 5)))


def _measure(pem: Path, authority: Path, count: int, rounds: int) -> list[Row]:
    with target("http", pem) as (port, _), _blackbox.exporter() as exporter:
        url = f"https://127.0.0.1:{port}/"
        spec = Looking(check=HttpCheck(url=url), count=count, ca_file=str(authority))
        ways = {"uptop": ours(spec)}
        if (curl := _libcurl.curl(url, authority)) is not None:
            ways["libcurl"] = curl
        if exporter is not None:
            ways["blackbox_exporter"] = exporter.way("https", url)
        spent = in_turns(ways, count, rounds)
    mine, theirs = spent["uptop"], spent.get("libcurl")
    by_curl = ratio(mine, theirs) if theirs is not None else None
    peer = f"libcurl {median(theirs):.3f}" if theirs is not None else _libcurl.ABSENT
    others = spent.get("blackbox_exporter")
    return [
        row("https check by libcurl", by_curl, peer=peer, ratio=by_curl),
        Row(
            what="https check in the engine",
            measured=median(mine),
            unit="CPU s / 1 000",
            peer=_blackbox.ABSENT if others is None else f"blackbox_exporter {median(others):.3f}",
            ratio=None if others is None else ratio(mine, others),
        ),
    ]
