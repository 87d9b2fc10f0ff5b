"""The commands beside a leader that runs, as a process of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leader.commands import Run, runner

pytestmark = pytest.mark.slow
DEADLINE_S = 20


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder."""
    return runner(tmp_path, monkeypatch, capsys)


@pytest.fixture
def url(run: Run, tmp_path: Path) -> Iterator[str]:
    """A leader on a free port."""
    log = tmp_path / "log"
    environment = {"PATH": os.environ["PATH"], "UPTOP_LEADER_CHECKS": "never"}
    command = [sys.executable, "-m", "uptop_leader", "--port", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=output)
    try:
        yield listening(log)
    finally:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0


def listening(log: Path) -> str:
    """Where the leader listens, once its log says so."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := re.search(r"listening on (http\S+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def test_a_token_that_is_good_no_more_does_not_hide_how_the_node_is(run: Run, url: str) -> None:
    kept = Path("uptop-admin-token")
    kept.write_text("up_revoked\n")
    code, out, told = run("status", "--url", url)
    assert (code, out[0], len(out)) == (0, "leader, active: ok", 2)
    assert told[0].startswith("uptop-admin-token: ")
    code, out, told = run("status", "--url", url, "--token-file", str(kept))
    assert (code, out, len(told)) == (1, [], 1)


def test_the_leader_sees_what_was_applied_beside_it(run: Run, url: str) -> None:
    why = "why: no follower has ever asked (epoch 1)"
    assert run("status", "--url", url) == (0, ["leader, active: ok", why, "0 monitors"], [])
    Path("uptop.yaml").write_text("monitors: [{name: job, type: push}]")
    assert run("apply", "-f", "uptop.yaml")[0] == 0
    applied = time.monotonic()
    while run("status", "--url", url)[1][2:3] != ["1 monitors: 1 PENDING"]:
        assert time.monotonic() < applied + DEADLINE_S
        time.sleep(0.05)
    assert run("user", "list")[1] == ["admin  admin"]
