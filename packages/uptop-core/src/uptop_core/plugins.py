"""Finding kinds: one class in one file of a folder, or behind an entry point of another package."""

from __future__ import annotations

import importlib
import pkgutil
from importlib import metadata
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")


def find(folder: ModuleType, kind_of: type[T], group: str) -> tuple[type[T], ...]:
    """All subclasses of `kind_of` defined in the modules of `folder`, then those of the entry
    points in `group`, sorted by module and name. A name that is not a subclass is a TypeError.
    """
    found: dict[str, type[T]] = {}
    for module_info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{module_info.name}")
        for value in vars(module).values():
            if _is_own(value, kind_of, module):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    for entry in metadata.entry_points(group=group):
        value = entry.load()
        if not (isinstance(value, type) and issubclass(value, kind_of)):
            raise TypeError(f"entry point {entry.name} of {group} is not a {kind_of.__name__}")
        found[f"{value.__module__}.{value.__qualname__}"] = value
    return tuple(found[name] for name in sorted(found))


def _is_own(value: object, kind_of: type, module: ModuleType) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, kind_of)
        and value is not kind_of
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    )
