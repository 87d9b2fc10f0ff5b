"""A role as it is installed alone: what it takes must not depend on what else this environment has
(httpx, for one, imports a command line when it finds rich and click).
"""

from __future__ import annotations

import compileall
import re
import sys
import tempfile
from contextlib import contextmanager
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MB = 1024 * 1024
_OWN = {"uptop-core": "uptop_core", "uptop-leader": "uptop_leader", "uptop-probe": "uptop_probe"}


@contextmanager
def alone(role: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The command that runs a role (a distribution) with nothing but what it needs, and the
    environment for that.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in {each for name in needed(role) for each in _tops(name)}:
            Path(folder, path.name).symlink_to(path)
            # As pip does: a process that compiles takes longer to start, and more memory for good.
            if path.suffix == ".py":
                _link(Path(folder, "__pycache__"), path.parent / "__pycache__")
            elif path.name in _OWN.values():
                compileall.compile_dir(path, quiet=2)
        command = [sys.executable, "-S", "-m", _OWN[role]]
        yield command, {"PYTHONPATH": folder}


def _link(place: Path, to: Path) -> None:
    if to.is_dir() and not place.exists():
        place.symlink_to(to)


def size_mb(role: str) -> float:
    """All files of a role and of what it needs, without compiled bytecode."""
    return sum(_size(path) for name in needed(role) for path in _tops(name)) / _MB


def needed(role: str) -> set[str]:
    """The distributions that a role needs here, its own among them."""
    found: set[tuple[str, str]] = set()
    wanted = {(role, "")}
    while wanted:
        found |= wanted
        wanted = {each for name, extra in wanted for each in _requires(name, extra)} - found
    return {name for name, _ in found}


def _requires(name: str, extra: str) -> Iterator[tuple[str, str]]:
    """What a distribution needs: names and extras. What is not installed here is for other
    platforms or versions.
    """
    for requirement in metadata.requires(name) or ():
        what, _, marker = requirement.partition(";")
        wanted_by = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if wanted_by is not None and wanted_by[1] != extra:
            continue
        match = re.match(r"([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", what)
        assert match is not None, requirement
        other = re.sub(r"[-_.]+", "-", match[1]).lower()
        if not _is_installed(other):
            continue
        yield other, ""
        for each in filter(None, (match[2] or "").split(",")):
            yield other, each.strip()


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _tops(name: str) -> set[Path]:
    """The modules, packages and other folders that a distribution has put side by side."""
    files = metadata.files(name) or ()
    tops = {path.parts[0] for path in files} - {"..", "__pycache__"}
    found = {Path(str(metadata.distribution(name).locate_file(top))) for top in tops}
    if name in _OWN:  # an editable install is only a pointer to the checkout
        found = {path for path in found if path.suffix == ".dist-info"}
        spec = util.find_spec(_OWN[name])
        assert spec is not None and spec.origin is not None
        found.add(Path(spec.origin).parent)
    return found


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(each.stat().st_size for each in files if each.is_file() and each.suffix != ".pyc")
