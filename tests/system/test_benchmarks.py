"""The benchmarks measure what has a goal, and work. How fast anything is, is no test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import Row
from benchmarks.__main__ import scripts, table
from benchmarks._goals import GOALS, row

ROOT = Path(__file__).parents[2]
SCRIPTS = scripts()


def test_every_goal_is_measured_by_a_script_that_exists() -> None:
    assert {goal.script for goal in GOALS.values()} <= set(SCRIPTS)


def test_a_goal_is_met_by_its_limit_and_missed_beyond() -> None:
    assert [row("port check", measured).met for measured in (0.15, 0.16, None)] == [
        True, False, None,
    ]  # fmt: skip
    rate = Row(what="rate", measured=5.0, unit="/s", goal=6.0, at_least=True)
    assert rate.met is False


def test_the_table_says_what_was_missed_and_what_could_not_be_measured() -> None:
    missed = row("port check", 0.3, peer="other 0.6", ratio=0.5)
    absent = row("http check in the engine, instructions", None, peer="absent: no counter")
    head, first, second = table([missed, absent])
    assert head.split() == ["what", "measured", "goal", "ratio", "peer"]
    assert first.split() == ["port", "check", "0.3", "CPU", "s", "/", "1", "000", "≤", "0.15",
                             "MISSED", "0.50", "other", "0.6"]  # fmt: skip
    assert "– million" in second
    assert "MISSED" not in second


def test_a_script_that_is_not_there_is_wrong_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "no_such_thing"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no script no_such_thing" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_measures_every_goal_that_names_it(name: str) -> None:
    rows = {each.what: each for each in SCRIPTS[name](short=True)}
    wanted = {what: goal.limit for what, goal in GOALS.items() if goal.script == name}
    assert {what: rows[what].goal for what in wanted} == wanted


def test_the_last_table_is_told_with_every_goal() -> None:
    told = (ROOT / "docs/performance.md").read_text()
    lines = told.partition("```text\n")[2].partition("```")[0].splitlines()
    shown = {re.split(r"  +", line)[0] for line in lines}
    assert set(GOALS) <= shown
    assert {goal.script for goal in GOALS.values()} <= set(re.findall(r"^\| `(\w+)`", told, re.M))
