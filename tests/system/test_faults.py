"""Every fault that can be survived today, at its short size; `hatch run faults` is the full one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from random import SystemRandom

import pytest

from tests.system.faults.fault import Fault, Size
from tests.system.faults.rows import rows
from tests.system.faults.survive import Seen, at_work

pytestmark = pytest.mark.slow

_SEED = SystemRandom().randrange(10_000)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Seen]]]:
    """What becomes of the faults that were chosen to be tried; the next run beside the first."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    params = [item.callspec.params for item in items if "fault" in item.fixturenames]
    chosen = [one["fault"] for one in params if isinstance(one["fault"], Fault)]
    with at_work(chosen, seed=_SEED, size=Size(full=False)) as outcomes:
        yield outcomes


@pytest.mark.parametrize("fault", rows(), ids=lambda fault: f"{fault.row}-{fault.name}")
def test_the_fault_is_survived(fault: Fault, outcomes: dict[str, Future[Seen]]) -> None:
    seen = outcomes[fault.name].result()
    print(f"seed {_SEED}\n{seen.logs}")
    assert seen.held, seen.words


def test_no_name_is_given_twice() -> None:
    names = [fault.name for fault in rows()]
    assert len(names) == len(set(names))
