"""`hatch run audit`: are there known vulnerabilities in what the packages bring along?

All four wheels are installed into an empty environment with the newest versions that they allow, and
pip-audit asks PyPI about each of them. Needs the network, and is no test: what is known changes by
itself. Exit code 0 only if everything could be asked and nothing is known.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.supply.bounds import extras
from tests.supply.installed import ROOT, build, install


class Vulnerability(Struct, frozen=True):
    """One that is known, as pip-audit reports it."""

    id: str
    fix_versions: tuple[str, ...] = ()


class Audited(Struct, frozen=True):
    """One package: its vulnerabilities, or why it was passed over."""

    name: str
    version: str = ""
    vulns: tuple[Vulnerability, ...] | None = None
    skip_reason: str = ""


class Report(Struct, frozen=True):
    """What pip-audit says."""

    dependencies: tuple[Audited, ...]


def verdict(report: Report) -> tuple[bool, list[str]]:
    """Whether all is well, and a line for each thing to know."""
    others = [each for each in report.dependencies if not each.name.startswith("uptop-")]
    asked = [each for each in others if each.vulns is not None and not each.skip_reason]
    lines = [
        f"{each.name} {each.version}: {one.id}, mended in {', '.join(one.fix_versions) or 'nothing yet'}"
        for each in asked
        for one in each.vulns or ()
    ]
    lines += [
        f"{each.name}: not audited: {each.skip_reason or 'nothing was said of it'}"
        for each in others
        if each not in asked
    ]
    is_well = bool(asked) and not lines
    lines.append(f"{len(asked)} packages audited" if asked else "nothing was audited")
    return is_well, lines


def main() -> int:
    """Install, ask, and say it."""
    with tempfile.TemporaryDirectory(prefix="uptop-audit-") as name:
        folder = Path(name)
        build(folder)
        python = install(extras(ROOT), folder, folder / "environment")
        [site] = python.parents[1].glob("lib/python*/site-packages")
        asked = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--path", site, "-f", "json", "--progress-spinner=off"],
            capture_output=True, check=False,
        )  # fmt: skip
    try:
        report = msgspec.json.decode(asked.stdout, type=Report)
    except msgspec.DecodeError:
        sys.stderr.write(f"{asked.stderr.decode()}\nnothing was audited\n")
        return 1
    is_well, lines = verdict(report)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
