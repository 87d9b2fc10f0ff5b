"""What a real `uptop-probe` takes: resident memory idle, with 100 monitors and with 2 000, and the
room of what is installed for it.

The peers' figures were measured beside each other on two shared cores.
"""

from __future__ import annotations

import re
import time
from importlib import metadata, util
from pathlib import Path

from benchmarks import Row
from benchmarks._goals import row
from benchmarks._stand_in import leader_of, pages, probe_of
from benchmarks._ways import target

SETTLE_S = 3.0  # after the last monitor was seen, so that batches and buffers have their size
_MB = 1024 * 1024
_OWN = {"uptop-core": "uptop_core", "uptop-probe": "uptop_probe"}


def measure(*, short: bool = False) -> list[Row]:
    """Three processes, one after the other."""
    hundred, thousands, interval = (10, 20, 2.0) if short else (100, 2000, 20.0)
    return [
        row(
            "probe, resident memory, idle",
            _with(0, interval),
            peer="blackbox_exporter 13 idle, 30 busy",
        ),
        Row(
            what="probe, resident memory, 100 monitors",
            measured=_with(hundred, interval),
            unit="MB",
        ),
        row(
            "probe, resident memory, 2 000 monitors",
            _with(thousands, interval),
            peer="Uptime Kuma 184 with 200, 316 with 1 000",
        ),
        row("probe, installed size", installed_mb(), peer="without Python itself"),
    ]


def _with(monitors: int, interval: float) -> float:
    with (
        target("http") as (port, _),
        leader_of(pages(port, monitors, interval)) as leader,
        probe_of(leader) as probe,
    ):
        leader.wait_for(monitors)
        time.sleep(SETTLE_S)
        return probe.resident_mb()


def installed_mb() -> float:
    """All files of the probe and of what it needs, without compiled bytecode."""
    wanted, size = [("uptop-probe", ""), ("uptop-core", "checks")], 0
    found: set[str] = set()
    while wanted:
        name, extra = wanted.pop()
        wanted += [each for each in _needs(name, extra) if each[0] not in found]
        if name not in found:
            size += _size(name)
        found.add(name)
    return size / _MB


def _needs(name: str, extra: str) -> list[tuple[str, str]]:
    """What a distribution needs here: names and extras. Markers of other platforms are rare and
    name what is then not installed, which is left out.
    """
    needed = []
    for requirement in metadata.requires(name) or ():
        what, _, marker = requirement.partition(";")
        wanted_by = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if wanted_by is not None and wanted_by[1] != extra:
            continue
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?", what)
        assert match is not None, requirement
        other = re.sub(r"[-_.]+", "-", match[1]).lower()
        if _is_installed(other):
            needed.append((other, match[2] or ""))
    return needed


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _size(name: str) -> int:
    if name in _OWN:  # an editable install lists no files
        spec = util.find_spec(_OWN[name])
        assert spec is not None and spec.origin is not None
        paths = [path for path in Path(spec.origin).parent.rglob("*") if path.is_file()]
    else:
        paths = [Path(str(path.locate())) for path in metadata.files(name) or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.exists())
