"""The command `uptop-probe`, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.probe.stub_leader import REGISTER, StubLeader, monitor
from uptop_probe.cli import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

COMMAND = [sys.executable, "-W", "error", "-m", "uptop_probe"]


def clean(**variables: str) -> dict[str, str]:
    """The environment without our variables, and with these."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("UPTOP_")}
    return rest | variables


async def run(*flags: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    with anyio.fail_after(20):
        return await anyio.run_process(
            [*COMMAND, *flags], cwd=folder, env=clean(**variables), check=False
        )


def test_the_help_fits_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    printed = capsys.readouterr().out
    assert caught.value.code == 0
    assert len(printed.splitlines()) <= 24
    assert "--peer-url" in printed


def test_a_flag_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--nonsense"])
    assert caught.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


async def test_the_version_needs_no_settings(tmp_path: Path) -> None:
    done = await run("--version", folder=tmp_path)
    assert (done.returncode, done.stdout[:12], done.stderr) == (0, b"uptop-probe ", b"")


async def test_wrong_settings_are_told_in_lines_and_end_with_2(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("UPTOP_PROBE_SPOOL=many\n")
    done = await run("--peer-url", "nowhere", folder=tmp_path, UPTOP_LOG_LEVEL="loud")
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "--peer-url",
        "UPTOP_NODE_ID",
        "UPTOP_PROBE_SPOOL (.env line 1)",
        "UPTOP_LOG_LEVEL",
    ]


async def test_once_without_a_leader_ends_with_1_and_one_line(tmp_path: Path) -> None:
    leader = StubLeader()
    async with leader.serving():
        url = leader.url
    flags = ["--once", "--peer-url", url, "--node-id", "eu-1"]
    done = await run(*flags, folder=tmp_path, UPTOP_LOG_LEVEL="error")
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"no leader at {url}: ")
    assert len(done.stderr.splitlines()) == 1


async def test_the_doctor_says_what_is_wrong_and_reports_nothing(tmp_path: Path) -> None:
    leader = StubLeader(monitor("a"))
    async with leader.serving():
        flags = ["doctor", "--peer-url", leader.url, "--node-id", "eu-1"]
        done = await run(*flags, folder=tmp_path)
        assert leader.count(REGISTER) == 0
        assert leader.batches == []
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stdout
    assert any(line.startswith("ok     leader") for line in lines)
    assert lines[-1].startswith("0 wrong, ")
    done = await run(*flags, folder=tmp_path)
    assert done.returncode == 1
    assert f"no leader at {leader.url}" in done.stdout.decode()


async def test_once_prints_what_was_found(tmp_path: Path) -> None:
    leader = StubLeader(monitor("a"))
    async with leader.serving():
        flags = ["--once", "--peer-url", leader.url, "--node-id", "eu-1", "--region", "eu"]
        done = await run(*flags, folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith(b"MONITOR")
    assert done.stdout.splitlines()[1].startswith(b"a ")
    assert leader.requests[0].json()["region"] == "eu"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    leader = StubLeader(monitor("a", interval=1))
    variables = clean(UPTOP_NODE_ID="eu-1", UPTOP_LGO_LEVEL="x", UPTOP_LOG_FORMAT="text")
    async with leader.serving():
        variables["UPTOP_PEER_URL"] = leader.url
        async with await anyio.open_process(COMMAND, cwd=tmp_path, env=variables) as process:
            assert process.stderr is not None
            await leader.until(lambda: len(leader.stored) >= 1, within=10)
            process.send_signal(number)
            with anyio.fail_after(5):
                assert await process.wait() == 0
            told = b"".join([piece async for piece in process.stderr]).decode()
    assert leader.count(REGISTER) == 1
    assert leader.batches[-1]["stopping"]
    levels = [line.split(" ", 2)[1:] for line in told.splitlines()]
    assert [words for level, words in levels if level == "WARNING"] == [
        "UPTOP_LGO_LEVEL is not a setting of uptop and is ignored; did you mean UPTOP_LOG_LEVEL?",
        "UPTOP_CLUSTER_SECRET is not set, nor UPTOP_NODE_KEY: the leader must be open",
        "UPTOP_PEER_URL is http: results and credentials travel unencrypted",
    ]
    assert [words.split(" ")[0] for level, words in levels if level == "INFO"] == [
        "registered",
        "assigned",
        "stopping",
    ]
    assert "Traceback" not in told


async def test_nothing_is_imported_that_a_probe_does_not_use(tmp_path: Path) -> None:
    script = (
        "import sys, uptop_probe.probe, uptop_probe.cli, uptop_probe.once\n"
        "print([name for name in ('pydantic', 'yaml', 'sqlmodel', 'starlette', 'uvicorn',"
        " 'textual', 'apprise') if name in sys.modules])"
    )
    with anyio.fail_after(20):
        done = await anyio.run_process([sys.executable, "-c", script], cwd=tmp_path, env=clean())
    assert done.stdout.strip() == b"[]"
