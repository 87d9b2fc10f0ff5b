"""`apply`, `export`, `import` and `backup` on a real database."""

import stat
from pathlib import Path

import pytest

from tests.leader.commands import Run, runner
from tests.leader.declarations import DOCUMENT
from uptop_leader.configuration import Configuration
from uptop_leader.seal import Keyring
from uptop_leader.store.store import Store


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder."""
    return runner(tmp_path, monkeypatch, capsys)


def stored(path: str = "uptop.db") -> Configuration:
    """What is in the database."""
    store = Store.open(Path(path), Keyring(), 0.0)
    try:
        return store.load_config()
    finally:
        store.close()


def document(text: str = DOCUMENT) -> str:
    """The name of a file with that text."""
    Path("uptop.yaml").write_text(text, encoding="utf-8")
    return "uptop.yaml"


def test_apply_writes_what_the_file_says_and_raises_the_version(run: Run) -> None:
    code, out, _ = run("apply", "-f", document())
    assert code == 0
    assert out[-1] == "6 to add, 0 to change, 0 to remove"
    assert {one.name for one in stored().monitors} == {"API", "Production", "DB", "Backup"}
    assert stored().version == 1


def test_applying_again_changes_nothing(run: Run) -> None:
    run("apply", "-f", document())
    before = stored()
    assert run("apply", "-f", document()) == (0, ["nothing to change"], [])
    assert stored() == before


def test_a_dry_run_prints_the_plan_writes_nothing_and_exits_with_3(run: Run) -> None:
    code, out, _ = run("apply", "-f", document(), "--dry-run")
    assert (code, out[0]) == (3, "+ alert ops (webhook)")
    assert not Path("uptop.db").exists()
    run("apply", "-f", document())
    before = stored()
    code, out, _ = run("apply", "--dry-run", "-f", document(DOCUMENT.replace("30\n", "31\n", 1)))
    assert (code, out[1]) == (3, "    interval: 30 → 31")
    assert stored() == before
    assert run("apply", "-f", document(), "--dry-run")[0] == 0


def test_a_wrong_file_is_told_whole_and_nothing_is_written(run: Run) -> None:
    run("apply", "-f", document())
    before = stored()
    wrong = """\
monitors:
- {name: API, type: http, url: "https://a.example.com", interval: 45}
- {name: a, type: ping, hostname: a.example.com, hostnam: b}
- {name: b, type: port, hostname: a.example.com, port: 0}
- {name: b, type: ping, hostname: a.example.com}
- {name: c, type: ping, hostname: a.example.com, parent: Nope}
- {name: d, type: http, url: "${UPTOP_TEST_UNSET}"}
"""
    code, out, told = run("apply", "-f", document(wrong))
    assert (code, out) == (2, [])
    places = [line.split(": ")[:3] for line in told]
    assert places == [
        ["uptop.yaml", "line 3", "monitors[1].hostnam"],
        ["uptop.yaml", "line 4", "monitors[2].port"],
        ["uptop.yaml", "line 5", "monitors[3].name"],
        ["uptop.yaml", "line 6", "monitors[4].parent"],
        ["uptop.yaml", "line 7", "monitors[5].url"],
    ]
    assert stored() == before


def test_pruning_removes_the_rest(run: Run) -> None:
    run("apply", "-f", document())
    code, _, _ = run("apply", "--prune", "-f", document("monitors: [{name: DB, type: push}]"))
    assert code == 0
    assert [one.name for one in stored().monitors] == ["DB"]


def test_variables_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "a.example.com")
    text = "monitors: [{name: a, type: ping, hostname: '${TARGET}'}]"
    assert run("apply", "-f", document(text))[0] == 0
    assert stored().monitors[0].check.host() == "a.example.com"


def test_an_export_is_private_and_applies_without_a_change(run: Run) -> None:
    run("apply", "-f", document())
    assert run("export", "-o", "out.yaml")[0] == 0
    assert stat.S_IMODE(Path("out.yaml").stat().st_mode) == 0o600
    assert "geheim" in Path("out.yaml").read_text(encoding="utf-8")
    assert run("apply", "--prune", "-f", "out.yaml") == (0, ["nothing to change"], [])
    assert [path.name for path in Path().iterdir() if path.name.startswith(".out")] == []


def test_a_redacted_export_shows_no_secret_and_changes_none(run: Run) -> None:
    run("apply", "-f", document())
    before = stored()
    _, out, _ = run("export", "--redact")
    assert "geheim" not in "\n".join(out)
    assert run("import", document("\n".join(out))) == (0, ["nothing to change"], [])
    assert stored() == before


def test_a_backup_as_json_makes_the_same_in_another_database(run: Run) -> None:
    run("apply", "-f", document())
    run("export", "--json", "-o", "backup.json")
    assert run("import", "backup.json", "--db", "other.db")[0] == 0
    assert stored("other.db") == stored()


def test_an_import_removes_nothing(run: Run) -> None:
    run("apply", "-f", document())
    code, _, _ = run("import", document("{monitors: [{name: new, type: push}], alerts: []}"))
    assert code == 0
    assert len(stored().monitors) == 5
    assert len(stored().channels) == 2


def test_a_backup_is_the_whole_database(run: Run) -> None:
    run("apply", "-f", document())
    assert run("backup", "copy.db")[0] == 0
    assert stored("copy.db") == stored()
    assert stat.S_IMODE(Path("copy.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("apply",), 2, "Missing option '-f'"),
        (("apply", "-f", "none.yaml"), 2, "none.yaml: cannot be read: No such file"),
        (("apply", "-f", "."), 2, ".: cannot be read: Is a directory"),
        (("export",), 1, "uptop.db (UPTOP_DB_DSN, --db)"),
        (("backup", "x.db"), 1, "uptop.db (UPTOP_DB_DSN, --db)"),
        (("export", "--db", "postgres://x"), 2, "UPTOP_DB_DSN: with sqlite"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    run: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    found, out, errors = run(*arguments)
    assert (found, out) == (code, [])
    assert told in errors[-1]


def test_an_export_that_cannot_be_written_leaves_nothing_behind(run: Run) -> None:
    run("apply", "-f", document())
    code, _, told = run("export", "-o", "none/out.yaml")
    assert (code, told) == (
        1,
        ["Error: none/out.yaml cannot be written: No such file or directory"],
    )


def test_what_another_program_has_set_up_is_imported_and_what_is_left_out_is_told(
    run: Run,
) -> None:
    backup = (
        '{"monitorList": [{"id": 1, "name": "Web", "type": "http", "url": "https://a.example.com"},'
        ' {"id": 2, "name": "Broker", "type": "mqtt"}]}'
    )
    told = "! monitor Broker (mqtt) is left out: uptop has no check of that kind"
    plan = ["+ monitor Web (http)", "1 to add, 0 to change, 0 to remove", told]
    assert run("import", document(backup), "--dry-run") == (3, plan, [])
    assert not Path("uptop.db").exists()
    assert run("import", document(backup), "--from", "kuma") == (0, plan, [])
    assert [one.name for one in stored().monitors] == ["Web"]
    assert run("import", document(backup)) == (0, ["nothing to change", told], [])


def test_a_file_that_is_nobodys_is_refused_and_makes_no_database(run: Run) -> None:
    code, out, told = run("import", document("services: []\n"))
    assert (code, out, len(told)) == (2, [], 1)
    assert told[0].startswith("uptop.yaml: is none of a backup of Uptime Kuma")
    assert not Path("uptop.db").exists()
