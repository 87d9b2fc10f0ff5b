"""One version for four distributions, pinned exactly to each other."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECTS: dict[str, dict[str, Any]] = {
    path.parent.name: tomllib.loads(path.read_text())["project"]
    for path in sorted(ROOT.glob("packages/*/pyproject.toml"))
}


def test_all_distributions_have_one_version() -> None:
    assert sorted(PROJECTS) == ["uptop-core", "uptop-leader", "uptop-probe", "uptop-tui"]
    assert len({project["version"] for project in PROJECTS.values()}) == 1


def test_they_are_pinned_exactly_to_each_other() -> None:
    version = PROJECTS["uptop-core"]["version"]
    for project in PROJECTS.values():
        optional = project.get("optional-dependencies", {}).values()
        wanted = [*project.get("dependencies", ()), *(each for some in optional for each in some)]
        for requirement in wanted:
            if requirement.startswith("uptop-"):
                assert requirement.endswith(f"=={version}"), project["name"]


def test_every_role_needs_core_and_no_other_role() -> None:
    for name, project in PROJECTS.items():
        ours = {need.partition("=")[0] for need in project["dependencies"] if "uptop-" in need}
        allowed = {"uptop-core", "uptop-core[checks]"}
        assert ours <= allowed and bool(ours) == (name != "uptop-core"), name
