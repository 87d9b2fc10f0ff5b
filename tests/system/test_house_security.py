"""What the page on security claims is shown by tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
_NAME = re.compile(r"`(test_[a-z_0-9]+)`")


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = set(_NAME.findall(PAGE))
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = {name for source in sources for name in re.findall(r"def (test_[a-z_0-9]+)\(", source)}
    assert len(named) > 30
    assert sorted(named - there) == []


def test_every_line_of_the_threat_model_names_a_test() -> None:
    begin, end = PAGE.index("## What a thief gets"), PAGE.index("## How often")
    lines = [line for line in PAGE[begin:end].splitlines() if line.startswith("| ")]
    lines = [line for line in lines if not line.endswith("| shown by |")]
    assert len(lines) > 15
    assert [line for line in lines if not _NAME.search(line.rpartition("| ")[2])] == []
    subjects = " ".join(line.split("|")[1] for line in lines)
    for what in ("probe", "node key", "cluster secret", "viewer", "editor", "admin", "push token",
                 "database", "backup", "hostile target", "network in between"):  # fmt: skip
        assert what in subjects
