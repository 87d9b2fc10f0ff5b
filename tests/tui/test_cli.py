"""`uptop-tui` as it is called: what it prints, and its exit code."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.tui.leaders import TOKEN, run_tui, scripted
from uptop_tui.cli import main
from uptop_tui.leaders import KeptLeader, user_leaders

if TYPE_CHECKING:
    from pathlib import Path

_UP = {"id": "1", "name": "Site", "type": "http", "status": "UP", "since": 0, "new": "ignored"}
_DOWN = {**_UP, "id": "2", "name": "API", "status": "DOWN", "error": "2 × timeout"}
_NODE = {"id": "n1", "name": "n1", "region": "eu", "state": "online"}


def _answers(*monitors: dict[str, object]) -> dict[str, tuple[int, str]]:
    return {
        "/api/v1/monitors": (200, json.dumps({"monitors": monitors})),
        "/api/v1/nodes": (200, json.dumps({"nodes": [_NODE]})),
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, the right token, no other setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UPTOP_URL", raising=False)
    monkeypatch.setenv("UPTOP_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def _complaint(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("uptop-tui: ")
    assert err.count("\n") == 1
    return err


def test_all_fine_is_exit_code_0(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(_answers(_UP)) as url:
        assert main(["--once", "--url", url]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "UP 1 / 1 · nodes 1 / 1"
    assert err == ""


def test_something_down_is_exit_code_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(_answers(_UP, _DOWN)) as url:
        assert main(["--once", "--url", url]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "UP 1 / 2 · DOWN 1 · nodes 1 / 1"
    assert out.splitlines()[3].startswith("DOWN")
    assert out.splitlines()[3].endswith("2 × timeout")


def test_json_is_the_same_for_programs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(_answers(_DOWN)) as url:
        assert main(["--once", "--json", "--url", url]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["monitors"][0]["name"] == "API"
    assert shown["nodes"][0]["id"] == "n1"


def test_the_token_may_stand_in_a_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPTOP_TOKEN", "wrong")
    (here / "token").write_text(f"{TOKEN}\n")
    with scripted(_answers(_UP)) as url:
        assert main(["--once", "--url", url, "--token-file", "token"]) == 0
        assert main(["--once", "--url", url]) == 3


def test_settings_may_stand_in_a_dotenv(here: Path) -> None:
    with scripted(_answers(_UP)) as url:
        (here / ".env").write_text(f"UPTOP_URL={url}\n")
        assert main(["--once"]) == 0


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_that_holds_none_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    if content is not None:
        (here / "token").write_text(content)
    assert main(["--once", "--url", "http://127.0.0.1:1", "--token-file", "token"]) == 2
    assert "--token-file: " in _complaint(capsys)


def test_without_a_url_the_variable_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--once"]) == 2
    assert "UPTOP_URL: must be set" in _complaint(capsys)


def test_a_filter_says_which_monitors_are_meant(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(_answers(_UP, _DOWN)) as url:
        assert main(["--once", "--json", "--filter", "status:up", "--url", url]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert [view["name"] for view in shown["monitors"]] == ["Site"]
        assert main(["--once", "--filter", "api", "--filter", "!site", "--url", url]) == 1
        capsys.readouterr()
        assert main(["--once", "--filter", "shop", "--url", url]) == 0
        assert capsys.readouterr().out.splitlines()[1] == "nothing matches the filter"


def test_a_filter_that_cannot_be_read_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--once", "--filter", "status:dwon", "--url", "http://127.0.0.1:1"]) == 2
    assert "--filter: there is no status 'dwon'" in _complaint(capsys)


def test_the_leader_that_was_used_last_is_asked(here: Path) -> None:
    with scripted(_answers(_UP)) as url:
        user_leaders().keep(KeptLeader(url=url, token=TOKEN, name="home"))
        assert main(["--once"]) == 0
        assert main(["--once", "--leader", "home"]) == 0


def test_a_leader_that_is_not_kept_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--once", "--leader", "work"]) == 2
    assert "--leader: no leader 'work' is kept" in _complaint(capsys)


def test_without_a_terminal_it_says_what_there_is_instead(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert "`uptop-tui --once`" in _complaint(capsys)


def test_what_goes_with_once_is_refused_without_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json"]) == 2
    assert "go with --once" in _complaint(capsys)


def test_a_leader_that_is_away_is_exit_code_3(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert main(["--once", "--url", url]) == 3
    assert f"no leader at {url}" in _complaint(capsys)


def test_a_wrong_token_is_said_to_be_wrong(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTOP_TOKEN", "wrong")
    with scripted(_answers()) as url:
        assert main(["--once", "--url", url]) == 3
    assert "does not know this API token" in _complaint(capsys)


def test_no_token_is_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPTOP_TOKEN")
    with scripted(_answers()) as url:
        assert main(["--once", "--url", url]) == 3
    assert "needs an API token: set UPTOP_TOKEN or use --token-file" in _complaint(capsys)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, "<h1>Not Found</h1>", "not like a leader: "),
        (200, "<h1>Welcome</h1>", "answered, but not like a leader"),
        (503, '{"status":503,"title":"x","detail":"standing by"}', "try again"),
        (403, '{"status":403,"title":"x","code":"forbidden","detail":"no"}', "may not read"),
    ],
)
def test_an_answer_that_is_not_an_overview_is_exit_code_3(
    here: Path, capsys: pytest.CaptureFixture[str], status: int, body: str, words: str
) -> None:
    with scripted({"/api/v1/monitors": (status, body)}) as url:
        assert main(["--once", "--url", url]) == 3
    assert words in _complaint(capsys)


def test_a_certificate_that_is_not_trusted_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with scripted(_answers(), tls=context) as url:
        assert main(["--once", "--url", url]) == 3
    complaint = _complaint(capsys)
    assert f"no TLS connection to {url}: " in complaint
    assert "certificate" in complaint


def test_the_command_runs_as_a_process(tmp_path: Path) -> None:
    with scripted(_answers(_DOWN)) as url:
        done = run_tui(tmp_path, "--once", UPTOP_URL=url, UPTOP_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (1, "")
    assert "DOWN 1" in done.stdout


def test_it_imports_nothing_of_the_other_roles() -> None:
    script = (
        "import sys, uptop_tui.cli\n"
        "heavy = ('starlette', 'sqlmodel', 'sqlalchemy', 'uvicorn', 'textual', 'uptop_leader')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
