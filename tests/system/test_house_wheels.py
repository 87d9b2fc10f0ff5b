"""Each role, installed alone from its wheel into an empty environment, stands by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROOF = ROOT / "tests/system/one_role.py"
ROLES = ("core", "probe", "tui", "leader")
PROBE_LIMIT = 40 * 1024 * 1024  # bytes installed; a goal of the design, for small boards


def run(*command: str | Path, cwd: Path) -> str:
    """What a command said; its words in the failure when it did not work."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=environ, text=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four wheels, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheels")
    packages = sorted(ROOT.glob("packages/*"))
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder,
        *packages, cwd=folder)  # fmt: skip
    return folder


def installed_bytes(environment: Path) -> int:
    """What the packages of an environment take on disk, without the installer."""
    [site] = environment.glob("lib/python*/site-packages")
    ours = (
        path for path in site.iterdir() if not re.match(r"(pip|setuptools|_distutils)", path.name)
    )
    return sum(
        file.stat().st_size for path in ours for file in [path, *path.rglob("*")] if file.is_file()
    )


def test_four_wheels_are_built_and_carry_their_types(wheels: Path) -> None:
    names = sorted(path.name.partition("-")[0] for path in wheels.glob("*.whl"))
    assert names == ["uptop_core", "uptop_leader", "uptop_probe", "uptop_tui"]
    for wheel in wheels.glob("*.whl"):
        listing = run(sys.executable, "-m", "zipfile", "-l", wheel, cwd=wheels)
        assert "/py.typed" in listing, wheel.name
        assert "/licenses/LICENSE" in listing, wheel.name
        assert "tests/" not in listing, wheel.name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_installed_alone_runs_without_the_others(
    role: str, wheels: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--find-links", wheels, f"uptop-{role}",
        cwd=tmp_path)  # fmt: skip
    run(python, "-m", "pip", "check", cwd=tmp_path)
    said = run(python, PROOF, role, cwd=tmp_path)
    assert said.startswith(f"{role} alone: ")
    if role == "probe":
        size = installed_bytes(environment)
        print(f"the probe takes {size / 1024 / 1024:.1f} MB installed")
        assert size <= PROBE_LIMIT
