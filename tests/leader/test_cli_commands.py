"""The command as a whole, and the commands for people and for asking a running leader."""

import json
import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import click
import pytest

from tests.leader.commands import Run, runner
from tests.leader.helms import hook
from tests.leader.store_samples import NOON, set_up
from uptop_leader.cli import program
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.store.audit import AuditEntry
from uptop_leader.store.dialects.whole_files import led
from uptop_leader.store.people import Person
from uptop_leader.store.store import Store


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder."""
    return runner(tmp_path, monkeypatch, capsys)


def signed_in(token: str) -> Person | None:
    """Who the token speaks for in the database."""
    store = Store.open(Path("uptop.db"), Keyring(), 0.0)
    try:
        return store.people.find_token(token_hash(token), time.time())
    finally:
        store.close()


def audited() -> list[AuditEntry]:
    """The audit log."""
    store = Store.open(Path("uptop.db"), Keyring(), 0.0)
    try:
        return store.audit_log()
    finally:
        store.close()


def commands() -> list[str]:
    return program.list_commands(click.Context(program))


def test_the_help_fits_one_screen(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert len(out) <= 24
    assert max(len(line) for line in out) <= 80


@pytest.mark.parametrize("command", commands())
def test_the_help_of_each_command_fits_one_screen(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert len(out) <= 24


def test_each_module_of_the_folder_is_a_command() -> None:
    assert {"apply", "export", "import", "backup", "serve", "token", "user"} <= set(commands())


@pytest.mark.parametrize("arguments", [("--version",), ("version",)])
def test_the_version_is_that_of_the_package(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == (0, [f"uptop-leader {metadata.version('uptop-leader')}"], [])


@pytest.mark.parametrize("arguments", [("nope",), ("apply", "--nope"), ("--nope",), ("token", "x")])
def test_wrong_usage_exits_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, told = run(*arguments)
    assert (code, out) == (2, [])
    assert told[-1].startswith("Error: No such")


@pytest.mark.parametrize("arguments", [(), ("--port", "8081"), ("serve",)])
def test_without_a_command_the_leader_is_served(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("UPTOP_CLUSTER_MODE", "probe")
    code, _, told = run(*arguments)
    assert code == 2
    assert told[-1].startswith("UPTOP_CLUSTER_MODE: 'probe' is not allowed")
    assert "uptop-probe" in told[-1]


def test_a_module_can_be_run_and_shows_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uptop_leader", "export"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    database = tmp_path / "uptop.db"
    assert done.stderr == f"there is no database {database} (UPTOP_DB_DSN, --db)\n"


def test_the_help_imports_neither_database_nor_server() -> None:
    script = (
        "import sys\nfrom uptop_leader.cli import main\nmain(['--help'])\n"
        "print(*(sys.modules.keys() & {'sqlalchemy', 'starlette', 'uvicorn', 'httpx', 'apprise'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == ""


def test_a_user_gets_another_role_and_is_removed(run: Run) -> None:
    for name in ("ada", "bob"):
        run("user", "add", name, "--role", "admin")
    assert run("user", "change", "bob", "--role", "viewer")[1] == ["bob is viewer"]
    code, _, complaint = run("user", "remove", "ada")
    assert (code, "only admin" in complaint[-1]) == (1, True)
    assert run("user", "remove", "bob")[1] == ["removed bob"]
    assert run("user", "list")[1] == ["ada  admin"]
    assert run("user", "remove", "bob")[0] == 2
    assert [entry.what for entry in audited()][:2] == ["user deleted", "user changed"]


def test_a_token_speaks_for_its_user_until_it_is_revoked(run: Run) -> None:
    assert run("user", "add", "ann", "--role", "editor") == (0, ["added ann (editor)"], [])
    code, (token,), _ = run("token", "add", "laptop", "--user", "ann", "--expires", "90d")
    assert code == 0
    person = signed_in(token)
    assert person is not None
    assert (person.name, person.role) == ("ann", "editor")
    _, (line,), _ = run("token", "list")
    assert line.startswith(f"{person.token_prefix}  ann (editor)  laptop  expires ")
    assert token not in line
    assert run("token", "revoke", person.token_prefix)[0] == 0
    assert signed_in(token) is None
    assert run("token", "revoke", person.token_prefix)[0] == 2
    assert [entry.what for entry in audited()] == ["token revoked", "token added", "user added"]


def test_users_are_listed_and_have_names_of_their_own(run: Run) -> None:
    run("user", "add", "ann", "--role", "admin")
    assert run("user", "list") == (0, ["ann  admin"], [])
    assert run("user", "add", "ann")[0] == 2
    assert run("user", "add", " ")[0] == 2
    assert run("user", "add", "bob", "--role", "king")[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "bob"),
        ("--user", "ann", "--expires", "soon"),
        ("--user", "ann", "--expires", "9999999d"),
        (),
    ],
)
def test_a_token_that_cannot_be_made_is_told(run: Run, arguments: tuple[str, ...]) -> None:
    run("user", "add", "ann")
    code, out, told = run("token", "add", "x", *arguments)
    assert (code, out) == (2, [])
    assert told[-1].startswith("Error: ")


def test_status_says_when_nobody_answers(run: Run) -> None:
    code, out, told = run("status", "--url", "http://127.0.0.1:9")
    assert (code, out) == (1, [])
    assert told[0].startswith("no leader at http://127.0.0.1:9: ")


@pytest.mark.parametrize("keys", [{}, {"UPTOP_ENCRYPTION_KEY": "cd" * 32}])
def test_a_start_whose_keys_do_not_open_the_database_ends_as_with_any_wrong_setting(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    store = Store.open(tmp_path / "uptop.db", Keyring.from_setting("ab" * 32), NOON)
    set_up(store, hook())
    store.close()
    code, (*_, last) = start_ends(tmp_path, keys)
    assert code == 2  # systemd does not try that again: RestartPreventExitStatus
    assert "cannot be opened with UPTOP_ENCRYPTION_KEY" in last


def test_a_certificate_that_cannot_be_served_with_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    files = {"UPTOP_TLS_CERT": "none.pem", "UPTOP_TLS_KEY": "none.pem"}
    code, (*_, last) = start_ends(tmp_path, files)
    assert code == 2
    assert last.startswith("UPTOP_TLS_CERT: cannot be used with UPTOP_TLS_KEY: ")


def test_a_variable_that_is_no_setting_is_told_in_the_form_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    files = {"UPTOP_TLS_CERT": "none.pem", "UPTOP_TLS_KEY": "none.pem"}
    wrong = {"UPTOP_HTTP_PROT": "8080", "UPTOP_LOG_FORMAT": "json"}
    _, (*lines, _) = start_ends(tmp_path, {**files, **wrong})
    (told,) = [line for line in map(json.loads, lines) if "UPTOP_HTTP_PROT" in line["message"]]
    assert told["level"] == "warning"


def test_a_second_leader_on_one_sqlite_file_does_not_start(tmp_path: Path) -> None:
    with led(tmp_path / "uptop.db"):
        code, (*_, told) = start_ends(tmp_path, {})
    assert (code, told) == (
        1,
        f"another leader works on the database {tmp_path}/uptop.db: stop it first, or give this one"
        " a database of its own (UPTOP_DB_DSN)",
    )
    assert not (tmp_path / "uptop.db").exists()
    with led(tmp_path / "uptop.db"):  # the first one is gone
        pass


def start_ends(folder: Path, settings: dict[str, str]) -> tuple[int, list[str]]:
    """Start a leader that cannot run with these settings: its exit code, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "uptop_leader", "--port", "0"],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()
