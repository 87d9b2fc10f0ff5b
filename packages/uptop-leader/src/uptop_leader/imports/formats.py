"""Which program's file it is, and what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from uptop_core.errors import ConfigError, Problem
from uptop_leader.declared.reading import read
from uptop_leader.imports.gatus import read_gatus
from uptop_leader.imports.kuma import read_kuma
from uptop_leader.imports.uptop import read_uptop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.imports.gathering import Import

Form = Literal["kuma", "gatus", "uptop"]
FORMS: tuple[Form, ...] = ("kuma", "gatus", "uptop")

_SIGNS: dict[Form, tuple[str, ...]] = {
    "kuma": ("monitorList", "notificationList"),
    "gatus": ("endpoints", "external-endpoints", "suites", "alerting"),
    "uptop": ("monitors", "format", "alerts", "maintenance", "sites"),
}
_NAMES: dict[Form, str] = {
    "kuma": "a backup of Uptime Kuma",
    "gatus": "a configuration of Gatus",
    "uptop": "a backup or document of uptop",
}


def read_import(
    text: str,
    source: str,
    form: Form | None = None,
    environ: Mapping[str, str] | None = None,
) -> Import:
    """What a file says; `form` None means to look which one it is. Raises ConfigError.

    `source` names the file to people, `environ` is where the references in a Gatus file are looked
    up.
    """
    written = read(text, None, literal=True)
    if written.problems:
        raise ConfigError([_as_json(text) or written.problems[0]], source)
    seen = recognised(written.value)
    if seen is None or (form is not None and form != seen):
        raise ConfigError([Problem("", _strange(seen, form))], source)
    match seen:
        case "kuma":
            return read_kuma(written, source)
        case "gatus":
            return read_gatus(written, source, environ or {})
        case "uptop":
            return read_uptop(text, written, source)


def recognised(value: Any) -> Form | None:
    """Whose file it is, by the words at its top; None when it is nobody's."""
    if not isinstance(value, dict):
        return None
    return next((form for form in FORMS if any(sign in value for sign in _SIGNS[form])), None)


def _strange(seen: Form | None, wanted: Form | None) -> str:
    known = {form: f"{_NAMES[form]} ({_SIGNS[form][0]}:)" for form in FORMS}
    if wanted is None:
        return f"is none of {', '.join(known[form] for form in FORMS)}"
    found = f"; it looks like {_NAMES[seen]}" if seen is not None else ""
    return f"is not {known[wanted]}{found}"


def _as_json(text: str) -> Problem | None:
    """What is wrong with a text that wants to be JSON, and on which line."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return Problem("", f"not JSON: {error.msg}", error.lineno)
    except (ValueError, RecursionError):
        return None
    return None
