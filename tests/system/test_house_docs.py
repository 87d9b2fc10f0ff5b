"""What is documented is executed: links, commands, examples, names of modules and settings."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import sysconfig
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml

from docs.tables import pages
from uptop_core.conditions.language import Word
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_core.settings import read_settings
from uptop_core.variables import VARIABLES
from uptop_leader.configuration import Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import plan
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.settings import LeaderSettings
from uptop_probe.settings import ProbeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND = "python3 -m venv .venv && .venv/bin/pip install hatch && .venv/bin/hatch run "
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/*/*.md")])
COMPOSE = sorted(ROOT.glob("deploy/docker-compose*.yml"))


def named(path: Path) -> str:
    """How a document is called in the output of tests."""
    return str(path.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The fragments that headings make, the way forges make them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"(?:\]\(|href=\"|src=\")([^)\s\"]+)[)\"]", document.read_text()):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if fragment:
            assert fragment in anchors(target.read_text()), link


@pytest.mark.parametrize("document", [*DOCUMENTS, *COMPOSE], ids=named)
def test_only_settings_that_exist_are_named(document: Path) -> None:
    assert set(re.findall(r"UPTOP_[A-Z0-9_]*[A-Z0-9]", document.read_text())) <= VARIABLES


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_modules_that_are_named_exist(document: Path) -> None:
    for name in re.findall(r"`(uptop_\w+(?:\.\w+)+)", document.read_text()):
        if name.endswith(".py"):
            continue
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name


def test_every_step_of_the_flow_names_its_module() -> None:
    for document in ("README.md", "docs/flow.md"):
        rows = re.findall(r"^\| (\d+) \|(.*)$", (ROOT / document).read_text(), flags=re.MULTILINE)
        assert [int(number) for number, _ in rows] == list(range(1, 15)), document
        assert all("`uptop_" in row for _, row in rows), document


def test_the_readme_has_the_two_commands_and_ci_runs_the_second() -> None:
    commands = [line for block in blocks((ROOT / "README.md").read_text(), "sh")
                for line in block.splitlines() if "venv" in line]  # fmt: skip
    assert commands == [f"{COMMAND}demo", f"{COMMAND}test-all"]
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == commands[1]


EXAMPLES = [
    (document, block)
    for document in (
        *(ROOT / "README.md", ROOT / "docs/configuration-as-code.md"),
        *(ROOT / f"docs/{page}.md" for page in ("maintenance", "notifications", "recipes")),
    )
    for block in blocks(document.read_text(), "yaml")
]


@pytest.mark.parametrize(("document", "example"), EXAMPLES)
def test_examples_of_configuration_are_read(document: Path, example: str) -> None:
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "a-secret")
    read = read_text(example, document.name, secrets)
    planned = plan(Configuration(), read)
    assert planned.change.put_monitors


KINDS_EXAMPLES = [
    (page, example)
    for page in ("docs/checks.md", "docs/channels.md")
    for example in blocks((ROOT / page).read_text(), "yaml")
]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # by apprise
@pytest.mark.parametrize(("page", "example"), KINDS_EXAMPLES)
def test_examples_of_kinds_are_read(page: str, example: str) -> None:
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "a-secret")
    planned = plan(Configuration(), read_text(example, page, secrets))
    assert planned.change.put_monitors or planned.change.put_channels


def test_every_kind_has_an_example() -> None:
    kinds: dict[str, Any] = {**KINDS, **PROVIDERS}
    assert [name for name, kind in kinds.items() if not kind.example] == []


def words_of_table(heading: str) -> set[str]:
    """The code words in the first column of the table under a heading of that page."""
    text = (ROOT / "docs/configuration-as-code.md").read_text()
    chapter = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", chapter, flags=re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`(\w+)", row)}


def test_the_fields_of_every_monitor_are_documented() -> None:
    fields = {field.name for field in msgspec.structs.fields(Monitor)} - {"check", "channels"}
    assert words_of_table("Fields of every monitor") == fields | {
        "type", "conditions", "alert", "alerts",
    }  # fmt: skip


def test_the_words_of_conditions_are_documented() -> None:
    assert words_of_table("Conditions") == {word.value for word in Word}


COMMANDS = sorted(
    {
        (program, subcommand, tuple(re.findall(r" (--[a-z-]+)", rest)))
        for document in DOCUMENTS
        for block in blocks(document.read_text(), "sh")
        for program, subcommand, rest in re.findall(
            r"(uptop-(?:leader|probe|tui))(?: ((?:user|token|node) [a-z]+|[a-z][a-z-]*))?((?: [^#\n]*)?)$",
            re.sub(r" +#.*$", "", block, flags=re.MULTILINE),
            flags=re.MULTILINE,
        )
    }
)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "subcommand", "flags"), COMMANDS)
def test_commands_and_flags_that_are_shown_exist(
    program: str, subcommand: str, flags: tuple[str, ...]
) -> None:
    path = str(Path(sysconfig.get_path("scripts"), program))
    command = [path, *subcommand.split(), "--help"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert all(flag in said for flag in flags), said


@pytest.mark.parametrize("path", ["docs/checks.md", "docs/channels.md", "docs/settings.md"])
def test_generated_pages_are_current(path: str) -> None:
    assert pages()[path] == (ROOT / path).read_text(), "run: hatch run docs"


class Page(BaseHTTPRequestHandler):
    """A healthy page at /, and an error everywhere else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_five_line_script_judges_a_real_listener(page: str, tmp_path: Path) -> None:
    [script] = blocks((ROOT / "docs/scripting.md").read_text(), "python")
    assert len(list(filter(None, script.splitlines()))) == 5
    (tmp_path / "look.py").write_text(script)
    command = [sys.executable, str(tmp_path / "look.py"), page, page, f"{page}broken"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    verdict, *outcomes = said.splitlines()
    assert verdict == "UP"
    assert [outcome.startswith("Outcome(up=True") for outcome in outcomes] == [True, True, False]
    assert "status_mismatch" in outcomes[2]


@pytest.mark.parametrize("path", COMPOSE, ids=named)
def test_compose_files_start_roles_that_the_dockerfile_builds(path: Path) -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.M))
    arguments = set(re.findall(r"^ARG (\w+)=", dockerfile, re.M))
    compose: dict[str, Any] = yaml.safe_load(path.read_text())
    volumes = set(compose.get("volumes", ()))
    for name, service in compose["services"].items():
        if base := service.get("extends"):
            other = yaml.safe_load((path.parent / base["file"]).read_text())
            service = {**other["services"][base["service"]], **service}
        if "build" not in service:
            assert not any(word.startswith("UPTOP_") for word in service["environment"]), name
            continue
        assert service["build"]["target"] in stages, name
        assert (path.parent / service["build"]["context"]).resolve() == ROOT
        assert {each.partition(":")[0] for each in service.get("volumes", ())} <= volumes, name
        assert set(service["environment"]) <= VARIABLES, name
        assert set(service["build"].get("args", ())) <= arguments, name
        assert_settings_are_taken(service["build"]["target"], service["environment"])


def assert_settings_are_taken(role: str, environment: dict[str, str]) -> None:
    """What a container is started with, where `.env` says what its comment asks for."""
    set_there = {
        name: re.sub(r"\$\{\w+:\?[^}]*\}", "5eed" * 16, value)
        for name, value in environment.items()
    }
    if role == "leader":
        read_settings(LeaderSettings, set_there)
    else:
        read_settings(ProbeSettings, set_there)


def test_every_decision_says_when_a_change_violates_it() -> None:
    for page in ROOT.glob("docs/decisions/*.md"):
        last = page.read_text().rstrip().rpartition("\n\n")[2]
        assert last.startswith("**A change violates this when**"), page.name


def test_every_decision_has_a_number_of_its_own() -> None:
    pages = sorted(ROOT.glob("docs/decisions/*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for number, page in enumerate(pages, start=1):
        assert page.read_text().startswith(f"# {number}. "), page.name


def test_no_path_of_this_machine_stands_in_the_tree() -> None:
    here = [f"{place}/" for place in (ROOT, Path.home()) if place != Path("/")]
    for folder in ("packages", "tests", "docs", "deploy", "benchmarks", ".ci", "."):
        pattern = "*" if folder == "." else "**/*"
        for path in (ROOT / folder).glob(pattern):
            if path.is_file() and path.suffix in {".py", ".md", ".toml", ".yml", ".html", ""}:
                text = path.read_text(errors="ignore")
                assert not [place for place in here if place in text], path
