"""http in the engine: a new connection each, a tiny answer, all fields of the outcome filled."""

from __future__ import annotations

from statistics import median

from benchmarks import Row, _blackbox, _libcurl
from benchmarks._goals import row
from benchmarks._instructions import per_look
from benchmarks._looking import Looking
from benchmarks._ways import in_turns, ours, ratio, target
from uptop_core.checks.http import HttpCheck


def measure(*, short: bool = False) -> list[Row]:
    """In turns with the peers; then the instructions, which noise does not move."""
    count, rounds = (200, 1) if short else (3000, 5)
    with target("http") as (port, _), _blackbox.exporter() as exporter:
        url = f"http://127.0.0.1:{port}/"
        spec = Looking(check=HttpCheck(url=url), count=count)
        ways = {"uptop": ours(spec)}
        if (curl := _libcurl.curl(url)) is not None:
            ways["libcurl"] = curl
        if exporter is not None:
            ways["blackbox_exporter"] = exporter.way("http", url)
        spent = in_turns(ways, count, rounds)
        instructions = per_look(spec, 20 if short else 200)
    what, mine = "http check in the engine", spent.pop("uptop")
    peers = [f"{name} {median(theirs):.3f}" for name, theirs in spent.items()]
    peers += [_libcurl.ABSENT] if curl is None else []
    peers += [_blackbox.ABSENT] if exporter is None else []
    first = next(iter(spent.values()), None)
    return [
        row(
            what,
            median(mine),
            peer=", ".join(peers),
            ratio=ratio(mine, first) if first is not None else None,
        ),
        row(f"{what}, instructions", instructions.millions, peer=instructions.counted_by),
        Row(what=f"{what}, rate", measured=1000 / median(mine), unit="checks/s of a core"),
    ]
