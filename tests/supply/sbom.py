"""`hatch run sbom`: a bill of materials (CycloneDX 1.6, JSON) beside each wheel in `dist/`.

Each wheel is installed alone into an empty environment, with the extras that bring what others
wrote; what is there then is what it is made of, with versions, licences and who needs whom. The
same versions make the same file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.supply.bounds import extras
from tests.supply.installed import ROOT, build, install

DIST = ROOT / "dist"


def bill(python: Path, name: str, to: Path) -> None:
    """Write what is in the environment of `python`, of which `name` is the main thing."""
    project = ROOT / "packages" / name / "pyproject.toml"
    command = [
        sys.executable, "-m", "cyclonedx_py", "environment", str(python),
        "--pyproject", str(project), "--mc-type", "application",
        "--sv", "1.6", "--of", "JSON", "--output-reproducible", "--validate", "-o", str(to),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def main() -> int:
    """Build the wheels into `dist/` and write the bills."""
    DIST.mkdir(exist_ok=True)
    for wheel in build(DIST):
        name = wheel.name.partition("-")[0].replace("_", "-")
        to = DIST / f"{wheel.stem}.cdx.json"
        with tempfile.TemporaryDirectory(prefix="uptop-sbom-") as folder:
            python = install({name: extras(ROOT)[name]}, DIST, Path(folder) / "environment")
            bill(python, name, to)
        sys.stdout.write(f"{to.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
