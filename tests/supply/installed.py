"""Wheels of this checkout, and environments with nothing in them but one of these and its needs."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run it with nothing of this checkout on the path. Raises CalledProcessError."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([str(part) for part in command], cwd=cwd, env=around, check=True)


def build(folder: Path) -> list[Path]:
    """The four wheels, in `folder`."""
    packages = sorted((ROOT / "packages").iterdir())
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, *packages)
    return sorted(folder.glob("uptop_*.whl"))


def install(names: dict[str, str], wheels: Path, folder: Path) -> Path:
    """The Python of a new environment in `folder` with these wheels (name → extras) alone; no pip."""
    venv.create(folder, with_pip=False)
    python = folder / "bin/python"
    wanted = [f"{name}{extras}" for name, extras in names.items()]
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--quiet",
        "--find-links", wheels, *wanted, cwd=folder,
    )  # fmt: skip
    return python
