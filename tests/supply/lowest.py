"""`hatch run lowest`: the quick tests, with the lowest versions that the packages allow.

    hatch run lowest                    # all quick tests
    hatch run lowest tests/core -k http # some

Says whether the lower bounds in `packages/*/pyproject.toml` hold. Only those are lowered: the tools
of the tests, and what the dependencies need themselves, are the newest that go with them. The
environment is kept in `.lowest` and made anew when the bounds or the tools change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from tests.supply.bounds import constraints, extras, requirements

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".lowest"
LEFT_OUT = (
    "check-jsonschema", "cyclonedx-bom", "import-linter", "kubernetes-validate", "mypy", "pip-audit",
    "ruff",
)  # fmt: skip
"""Tools whose own needs would be in the way of low versions: linters, and those for `deploy/`."""


def environment(place: Path, lines: list[str]) -> Path:
    """The Python of an environment with these constraints in `place`."""
    python, stamp = place / "bin/python", place / "constraints.txt"
    wanted = "\n".join([*lines, *(f"# {tool}" for tool in _tools())]) + "\n"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    made = place / "constraints.part"
    made.write_text(wanted)
    ours = [
        part
        for name, chosen in extras(ROOT).items()
        for part in ("-e", f"{ROOT / 'packages' / name}{chosen}")
    ]
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-c", made, *_tools(), *ours], check=True
    )
    made.rename(stamp)
    return python


def _tools() -> list[str]:
    """What the tests themselves need."""
    default = tomllib.loads((ROOT / "hatch.toml").read_text())["envs"]["default"]
    tools: list[str] = default["dependencies"]
    return [tool for tool in tools if not tool.startswith(LEFT_OUT)]


def main(arguments: list[str]) -> int:
    """Make the environment if needed, say what is in it, and run the tests there."""
    lines = constraints(requirements(ROOT))
    python = environment(PLACE, lines)
    sys.stdout.write(f"lowest: {', '.join(lines)}\n")
    sys.stdout.flush()
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-m",
        "not slow",
        "--ignore-glob=*/test_deploy_*",
    ]
    command += arguments
    return subprocess.run(command, cwd=ROOT, env={**around, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
