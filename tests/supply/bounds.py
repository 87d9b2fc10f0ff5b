"""What the packages say of their needs: extras, and lowest versions as constraints for pip."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Unbounded(Exception):
    """A dependency without a lower bound: nobody knows what it works with."""


def extras(root: Path) -> dict[str, str]:
    """The packages of this checkout, each with all extras that bring what others wrote, such as
    "[checks,http2]", as pip takes them.
    """
    found: dict[str, str] = {}
    for file in sorted(root.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(file.read_text())["project"]
        groups: dict[str, list[str]] = project.get("optional-dependencies", {})
        names = [name for name, texts in groups.items() if any(map(_is_foreign, texts))]
        found[project["name"]] = f"[{','.join(names)}]" if names else ""
    return found


def requirements(root: Path) -> list[Requirement]:
    """What the packages of this checkout need, extras included, but for each other."""
    files = sorted(root.glob("packages/*/pyproject.toml"))
    return [each for file in files for each in _of(tomllib.loads(file.read_text())["project"])]


def _of(project: dict[str, object]) -> Iterator[Requirement]:
    extras = project.get("optional-dependencies", {})
    assert isinstance(extras, dict)
    for group in (project.get("dependencies", []), *extras.values()):
        for text in group:
            if _is_foreign(text):
                yield Requirement(text)


def _is_foreign(text: str) -> bool:
    return not Requirement(text).name.startswith("uptop-")


def constraints(needed: Iterable[Requirement]) -> list[str]:
    """One line for each dependency, `name==lowest`. Raises Unbounded."""
    lowest: dict[str, str] = {}
    for each in needed:
        bounds = [part.version for part in each.specifier if part.operator == ">="]
        if not bounds:
            raise Unbounded(f"{each.name} has no lower bound (>=)")
        lowest[each.name.lower()] = bounds[0]
    return [f"{name}=={version}" for name, version in sorted(lowest.items())]
