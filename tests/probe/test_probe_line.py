"""A whole probe whose checks all fail: what it says of its own line, and whom it asks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.probe.instances import QUICK, probing
from tests.probe.stub_leader import StubLeader, monitor

pytestmark = pytest.mark.anyio


def of_host(number: int, **more: Any) -> dict[str, Any]:
    """A monitor of a host of its own; a check of it fails, as all do here."""
    found = monitor(f"m{number}", interval=0.2, timeout=0.1, **more)
    found["check"]["hostname"] = f"192.0.2.{number}"
    return found


async def test_when_all_hosts_fail_only_the_leader_proves_the_line() -> None:
    leader = StubLeader(*(of_host(number) for number in range(3)))
    quick = msgspec.structs.replace(QUICK, answer=0.4)
    async with leader.serving(), probing(leader, timings=quick):
        await leader.until(lambda: len(leader.stored) >= 6)
        assert leader.count("/api/health") >= 1
    proofs = {result.get("proof") for result in leader.stored.values()}
    assert "leader" in proofs
    assert proofs <= {"leader", "none"}  # what waited when it stopped has none


async def test_with_two_hosts_nothing_is_proved_and_nothing_waits() -> None:
    leader = StubLeader(of_host(1), of_host(2))
    async with leader.serving(), probing(leader):
        await leader.until(lambda: len(leader.stored) >= 4)
    assert {result.get("proof") for result in leader.stored.values()} == {None}
    assert leader.count("/api/health") == 0
