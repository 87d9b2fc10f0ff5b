"""No code block of the documents is without a test that runs or reads it, or a reason why none does."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.system.shell_blocks import (
    NOT_RUN,
    ROOT,
    Block,
    commands,
    every_block,
    why_not_run,
)

READ_BY = {
    ("README.md", "yaml"): "test_house_docs.py::test_examples_of_configuration_are_read",
    ("docs/configuration-as-code.md", "yaml"): "test_house_docs.py::test_examples_of_configuration_are_read",
    ("docs/maintenance.md", "yaml"): "test_house_docs.py::test_examples_of_configuration_are_read",
    ("docs/notifications.md", "yaml"): "test_house_docs.py::test_examples_of_configuration_are_read",
    ("docs/notifications.md", "json"): "test_house_words.py::test_the_facts_of_a_message_are_documented",
    ("docs/recipes.md", "yaml"): "test_house_docs.py::test_examples_of_configuration_are_read",
    ("docs/checks.md", "yaml"): "test_house_docs.py::test_examples_of_kinds_are_read",
    ("docs/channels.md", "yaml"): "test_house_docs.py::test_examples_of_kinds_are_read",
    ("docs/api.md", "bash"): "test_house_api_docs.py::test_the_examples_for_the_shell_work_one_after_the_other",
    ("docs/api.md", "python"): "test_house_api_docs.py::test_the_example_in_python_works",
    ("docs/scripting.md", "python"): "test_house_docs.py::test_the_five_line_script_judges_a_real_listener",
    ("docs/extending.md", "python"): "test_house_extending.py::test_a_check_a_strategy_and_a_provider_come_with_a_package",
    ("docs/extending.md", "toml"): "test_house_extending.py::test_a_check_a_strategy_and_a_provider_come_with_a_package",
    ("docs/extending.md", "yaml"): "test_house_extending.py::test_a_check_a_strategy_and_a_provider_come_with_a_package",
    ("docs/install.md", "ini"): "test_house_install.py::test_settings_files_are_those_of_the_units_and_are_taken",
    ("docs/operations.md", "text"): "test_doctor_page.py::test_the_doctor_says_what_the_page_shows",
    ("packages/uptop-core/README.md", "python"): "test_house_blocks.py::test_what_the_library_offers_is_there",
}  # fmt: skip
"""Which test runs or reads the blocks of a language in a document."""

ONLY_SHOWN = {
    ("README.md", "text"): "a picture, and what the demo said once; test_demo.py looks at what it says",
    ("docs/clustering.md", "text"): "pictures; what commands show is compared by test_clustering_page.py",
    ("docs/migrating.md", "text"): "the form of a plan",
    ("docs/performance.md", "text"): "what was measured once; no timing is a test",
    ("docs/truth.md", "text"): "what a hundred seeds gave once; test_simulation.py plays some",
    ("docs/status-page.md", "html"): "a line for somebody else's page; test_pages_site.py asks for badges",
    ("docs/tui.md", "text"): "lines of an authorized_keys file; test_ssh_keys.py reads such",
}  # fmt: skip
"""Blocks that nothing can run, and why."""

BLOCKS = every_block()
SHELL = [block for block in BLOCKS if block.language == "sh"]


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language != "sh"],
    ids=lambda block: f"{block.document}:{block.line}",
)  # fmt: skip
def test_every_block_is_run_or_read_or_says_why_not(block: Block) -> None:
    place = (block.document, block.language)
    assert place in READ_BY or place in ONLY_SHOWN, f"line {block.line}"


def test_no_document_is_accounted_for_that_has_no_such_block() -> None:
    there = {(block.document, block.language) for block in BLOCKS}
    assert READ_BY.keys() | ONLY_SHOWN.keys() <= there
    assert not READ_BY.keys() & ONLY_SHOWN.keys()


def test_the_tests_that_are_named_exist() -> None:
    for named in READ_BY.values():
        file, _, name = named.partition("::")
        assert f"def {name}(" in (ROOT / "tests/system" / file).read_text(), named


def test_every_reason_not_to_run_a_line_is_needed() -> None:
    lines = [line for block in SHELL for line in commands(block)]
    for form in NOT_RUN:
        assert any(re.fullmatch(form, line) for line in lines), form
    assert all(why_not_run(line) in {"", *NOT_RUN.values()} for line in lines)


def test_scripts_of_hatch_that_are_named_exist() -> None:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text())["envs"]
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        for name in re.findall(r"hatch run ([\w:-]+)", path.read_text()):
            environment, _, script = name.rpartition(":")
            assert script in environments[environment or "default"]["scripts"], f"{path}: {name}"


def test_what_the_library_offers_is_there() -> None:
    (block,) = (block for block in BLOCKS if block.document == "packages/uptop-core/README.md")
    exec(block.text, {})
