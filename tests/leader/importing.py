"""What the tests of imports share: a file of somebody else, taken in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.leader.declarations import changed
from uptop_core.errors import ConfigError
from uptop_leader.configuration import Configuration
from uptop_leader.imports.formats import read_import
from uptop_leader.imports.joining import import_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.declared.plan import Plan
    from uptop_leader.imports.formats import Form

SAMPLES = Path(__file__).parent / "imports" / "samples"
EMPTY = Configuration()


def sample(name: str) -> str:
    """The text of a sample."""
    return (SAMPLES / name).read_text(encoding="utf-8")


def planned_import(
    text: str,
    before: Configuration = EMPTY,
    form: Form | None = None,
    environ: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of an import."""
    return import_plan(before, read_import(text, "sample", form, environ))


def imported(
    text: str, before: Configuration = EMPTY, environ: Mapping[str, str] | None = None
) -> Configuration:
    """The configuration after an import."""
    return changed(before, planned_import(text, before, environ=environ).change)


def refused(text: str, form: Form | None = None, before: Configuration = EMPTY) -> list[str]:
    """The lines that say what is wrong with a file."""
    try:
        planned_import(text, before, form)
    except ConfigError as error:
        return str(error).splitlines()
    return []


def notes(plan: Plan) -> list[str]:
    """What a plan says of what was left out."""
    return [line for line in plan.lines if line.startswith("!")]
