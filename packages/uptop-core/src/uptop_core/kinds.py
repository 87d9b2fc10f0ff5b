"""All kinds of check that this process knows, by name, and the union of them for decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from uptop_core import checks, plugins
from uptop_core.check import Check

KINDS: dict[str, type[Check]] = {
    kind.kind(): kind for kind in plugins.find(checks, Check, "uptop.checks")
}

if TYPE_CHECKING:
    AnyCheck = Check
else:
    # Built at run time from what the folder holds, so a new kind edits no list.
    AnyCheck: Any = Union[tuple(KINDS.values())]  # noqa: UP007
