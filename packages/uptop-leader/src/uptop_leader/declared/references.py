"""`${NAME}` in a document: a variable of the environment; `$${` is a literal `${`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Expanded(str):
    """A text that came out of the environment: where a number is wanted it may be one."""

    __slots__ = ()


def expand(text: str, environ: Mapping[str, str] | None) -> tuple[Expanded, list[str]]:
    """`text` with its references replaced, and what is wrong with them.

    With `environ` None there is nothing to look up: what came over the network must not be able to
    read the environment of the process that reads it.
    """
    problems: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        if not found[2] or not _NAME.fullmatch(found[1]):
            problems.append("${ begins the name of a variable, as in ${NAME}; $${ is a literal ${")
        elif environ is None:
            problems.append(
                f"${{{found[1]}}} is looked up by `uptop-leader apply` only: write the value here"
            )
        elif found[1] not in environ:
            problems.append(f"the environment variable {found[1]} is not set")
        else:
            return environ[found[1]]
        return found[0]

    return Expanded(_REFERENCE.sub(replace, text)), problems


def settle(value: Any) -> Any:
    """`value` with every text that came out of the environment as an ordinary one."""
    if isinstance(value, Expanded):
        return str(value)
    if isinstance(value, list):
        return [settle(item) for item in value]
    if isinstance(value, dict):
        return {key: settle(item) for key, item in value.items()}
    return value


def escape(text: str) -> str:
    """`text` so that `expand` gives it back."""
    return text.replace("${", "$${")
