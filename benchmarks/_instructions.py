"""Instructions of one look in user space: a gauge of cost that a busy machine does not move.

Two numbers of looks are counted and the difference taken, so that start and end cancel out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from benchmarks._children import clean_environ, module

if TYPE_CHECKING:
    from benchmarks._looking import Looking

_BASE = 50  # looks of the smaller number
_LONGEST_S = 300.0
_PERF = ["perf", "stat", "--event", "instructions:u", "--field-separator", ","]
_CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]


class Instructions(Struct, frozen=True):
    """Millions per look, None when nothing can count them, and what has counted."""

    millions: float | None
    counted_by: str


def per_look(spec: Looking, count: int) -> Instructions:
    """The instructions of one of the looks that `spec` describes, from `count` of them."""
    for counter, command, pattern in (
        ("perf", _PERF, rb"^(\d+),+instructions:u"),
        ("callgrind", _CALLGRIND, rb"Collected : (\d+)"),
    ):
        if shutil.which(command[0]) is None:
            continue
        few = _count(command, pattern, replace(spec, count=_BASE))
        if few is None:
            continue
        many = _count(command, pattern, replace(spec, count=_BASE + count))
        assert many is not None, f"{counter} counted once and not again"
        return Instructions((many - few) / count / 1e6, f"by {counter}, user space")
    return Instructions(None, "absent: no valgrind, and no perf that may count")


def _count(command: list[str], pattern: bytes, spec: Looking) -> int | None:
    # A timeout of the looks would be the counter's fault: it makes them many times slower.
    patient = replace(spec, timeout=60.0)
    done = subprocess.run(
        [*command, *module("_looking")],
        input=msgspec.json.encode(patient),
        capture_output=True,
        env=clean_environ({"PYTHONHASHSEED": "0", "LC_ALL": "C"}),
        timeout=_LONGEST_S,
        check=False,
    )
    found = re.search(pattern, done.stderr, re.MULTILINE)
    return int(found[1]) if found and done.returncode == 0 else None
