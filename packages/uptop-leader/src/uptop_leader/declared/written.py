"""What reading a text gives: plain values, where they stand, and what is wrong; and how much is read."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from uptop_core.errors import Problem

TEXT_LIMIT = 32 * 1024 * 1024  # characters
DEPTH_LIMIT = 40
NODE_LIMIT = 500_000  # what aliases unfold to included
KEY_LIMIT = 500  # characters
PLACES_LIMIT = 64 * 1024 * 1024  # characters of all places that lines are kept of
PROBLEMS_LIMIT = 200  # told at once


class Written(Struct):
    """A text as plain values. `lines` has the line of what stands at a path such as
    `monitors[2].port`; JSON has none. `problems` are those of the text itself.
    """

    value: Any = None
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, path: str, message: str, line: int | None = None) -> None:
        """Keep a problem. Raises Unreadable when there are too many to tell."""
        if len(self.problems) >= PROBLEMS_LIMIT:
            raise Unreadable(f"there are more than {PROBLEMS_LIMIT} problems", line)
        self.problems.append(Problem(path, message, line))

    def line(self, path: str) -> int | None:
        """The line of `path`, or of the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)


class Unreadable(Exception):
    """Ends the reading of a text: from here on nothing more is told of it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.problem = Problem("", message, line)
        super().__init__(message)
