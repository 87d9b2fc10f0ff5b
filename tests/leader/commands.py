"""Running `uptop-leader` in a test."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from uptop_leader.cli import main

Run = Callable[..., tuple[int, list[str], list[str]]]


def runner(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command in `folder`, without settings from outside: its exit code, the lines of its
    output, the lines of its errors.
    """
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("UPTOP_"):
            monkeypatch.delenv(name)

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        code = main(arguments)
        told = capsys.readouterr()
        return code, told.out.splitlines(), told.err.splitlines()

    return run
