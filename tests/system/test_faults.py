"""Every fault that can be survived today, at its short size; `hatch run faults` is the full one."""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom

import pytest

from tests.system.faults.__main__ import survive
from tests.system.faults.fault import Fault
from tests.system.faults.rows import rows

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("fault", rows(), ids=lambda fault: f"{fault.row}-{fault.name}")
async def test_the_fault_is_survived(fault: Fault, tmp_path: Path) -> None:
    seed = SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    print(await survive(fault, tmp_path, seed=seed, full=False))


def test_no_name_is_given_twice() -> None:
    names = [fault.name for fault in rows()]
    assert len(names) == len(set(names))
