"""`.env.example` lists every variable of every role, and nothing else."""

from __future__ import annotations

import re

from docs.tables import MODELS, ROOT, pages
from uptop_core.dotenv import parse_dotenv
from uptop_core.settings import describe, read_settings
from uptop_core.variables import VARIABLES
from uptop_leader.settings import LeaderSettings

TEXT = (ROOT / ".env.example").read_text()
SET = re.sub(r"^#(UPTOP_)", r"\1", TEXT, flags=re.MULTILINE)


def test_the_file_is_what_the_models_say() -> None:
    assert pages()[".env.example"] == TEXT, "run: hatch run docs"


def test_every_variable_stands_in_it_and_nothing_else() -> None:
    entries, problems = parse_dotenv(SET)
    described = {each.variable for model in MODELS.values() for each in describe(model)}
    assert not problems
    assert set(entries) == described == VARIABLES


def test_nothing_is_set_in_it_so_that_a_copy_changes_nothing() -> None:
    assert parse_dotenv(TEXT) == ({}, [])


def test_the_values_shown_are_the_defaults() -> None:
    entries, _ = parse_dotenv(SET)
    built = {each.variable for each in describe(LeaderSettings) if each.built}
    environ = {name: entry.value for name, entry in entries.items() if name in built}
    assert read_settings(LeaderSettings, environ) == LeaderSettings()


def test_what_is_not_built_says_so() -> None:
    models = MODELS.values()
    built = {each.variable for model in models for each in describe(model) if each.built}
    for variable in VARIABLES - built:
        before = TEXT.partition(f"\n#{variable}=")[0].rpartition("\n\n")[2]
        assert "Not built yet in this version: setting it stops the start." in before, variable
