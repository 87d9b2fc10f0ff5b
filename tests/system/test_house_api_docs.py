"""The examples of `docs/api.md` are run, in their order, against a leader."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.leader.running import TOKEN, Running
from tests.system.test_house_docs import ROOT, blocks
from uptop_leader.api.problems import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = ROOT / "docs/api.md"


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path) as running:
        yield running


def _environment(leader: Running) -> dict[str, str]:
    return {**os.environ, "UPTOP_URL": leader.url, "UPTOP_TOKEN": TOKEN}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are written with curl")
def test_the_examples_for_the_shell_work_one_after_the_other(
    leader: Running, tmp_path: Path
) -> None:
    script = "\n".join(["set -eu", *blocks(PAGE.read_text(), "bash")])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=_environment(leader),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "somebody was faster" in done.stdout
    assert "event: hello" in done.stdout


def test_the_errors_are_those_that_the_api_answers() -> None:
    chapter = PAGE.read_text().partition("| status | code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| (`.*?`) \|", chapter, flags=re.MULTILINE)
    shown = {(code, name) for codes, names in rows
             for code in codes.split(", ") for name in re.findall(r"`(\w+)`", names)}  # fmt: skip
    answered = {(str(kind.status), kind.code) for kind in TABLE.values()}
    answered |= {("400", "malformed"), ("404", "no_address")}
    assert {name for _, name in shown} <= {name for _, name in answered}
    assert {code for code, _ in shown} <= {code for code, _ in answered}


def test_the_example_in_python_works(leader: Running, tmp_path: Path) -> None:
    (script,) = blocks(PAGE.read_text(), "python")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=_environment(leader),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["PENDING", "m"]), done.stderr
