"""kill -9 in the middle of writing: every batch is there whole or not at all, none that was
acknowledged is missing, and the claims of the killed one become possible repeats."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import written
from tests.leader.store_samples import NOON, opened

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from tests.leader.databases import address_of
from tests.leader.store_samples import *
from uptop_leader.states import fresh_state
import msgspec

with opened(address_of(sys.argv[1])) as store:
    number = store.load().states.get("m", fresh_state("m", NOON)).told
    while True:
        number += 1
        changes = outage("m", NOON + number)
        changes.opened = [incident(number)]
        changes.notifications = [notification(subject=f"m/{number}")]
        changes.states["m"] = msgspec.structs.replace(fresh_state("m", NOON), told=number)
        store.write(changes, NOON + number)
        if number % 7 == 0:
            store.claim(NOON, 60, 1)
        print(number, flush=True)
"""

SEALER = """
import sys
from tests.leader.databases import address_of
from tests.leader.store_samples import *
from uptop_leader.states import fresh_state
import msgspec

with opened(address_of(sys.argv[1])) as store:
    hour = int(store.load().states["m"].told) if store.load().states else 0
    while True:
        start = NOON + 3600 * hour
        for part in range(4):
            store.write(Changes(results=[
                result(f"m{number % 40}", "n", start + 900 * part + number // 40, number)
                for number in range(1000)
            ]), start)
            print(hour, flush=True)
        late = [result(f"m{number}", "n", start - 3599.5 + number) for number in range(40)]
        store.write(Changes(results=late), start)
        hour += 1
        state = fresh_state("m", NOON)
        store.write(Changes(states={"m": msgspec.structs.replace(state, told=hour)}), start)
        store.roll_up(start + 3600)
        store.seal(start + 3600)
        print(hour, flush=True)
"""


def run_and_kill(address: Address, lines: int, program: str = WRITER) -> int:
    """Let a writer acknowledge some batches, kill it, and return the last it acknowledged."""
    writer = subprocess.Popen(
        [sys.executable, "-c", program, written(address)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert writer.stdout is not None
    with writer, writer.stdout as output:
        try:
            for _ in range(lines):
                assert output.readline()
        finally:
            writer.send_signal(signal.SIGKILL)
        rest = [line for line in output.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
    return len(rest)


def test_a_killed_writer_leaves_whole_batches(address: Address) -> None:
    acknowledged = 0
    chance = random.Random(7)
    for _ in range(6):
        before = acknowledged
        lines = chance.randrange(1, 120)
        acknowledged = before + lines + run_and_kill(address, lines)
        with opened(address) as store:
            written = store.load().states["m"].told
            assert acknowledged <= written <= acknowledged + 1
            assert len(store.transitions("m", 100_000)) == written
            assert len(store.incidents(limit=100_000)) == written
            assert store.outbox_depth(NOON).waiting == written
            assert len(store.results("m", NOON, NOON + 1e6)) == written
        acknowledged = written


def test_a_killed_worker_loses_no_notification(address: Address) -> None:
    acknowledged = 30 + run_and_kill(address, 30)
    with opened(address) as store:
        waiting = store.outbox_depth(NOON).waiting
        store.lapse_claims(NOON + 1)
        claimed = store.claim(NOON + 1, 60, 100_000)
        assert len({one.notification.key for one in claimed}) == len(claimed) == waiting
        repeats = sum(one.possible_repeat for one in claimed)
        assert acknowledged // 7 <= repeats <= waiting // 7


def test_a_killed_sealer_loses_and_doubles_nothing(address: Address) -> None:
    chance = random.Random(11)
    for _ in range(6):
        run_and_kill(address, chance.randrange(8, 25), SEALER)
        with opened(address) as store:
            hours = store.load().states["m"].told
            end = NOON + 3600 * hours
            found = store.results("m0", 0, end - 3600, 1_000_000)
            expected = sorted(
                [
                    (NOON + 3600 * hour + 900 * part + number, 40 * number)
                    for hour in range(hours - 1)
                    for part in range(4)
                    for number in range(25)
                ]
                + [(NOON + 3600 * hour - 3599.5, 1000) for hour in range(hours)]
            )
            assert [(row.observed, row.latency_us) for row in found] == expected
            store.roll_up(end)
            store.seal(end + 900)
            assert store.results("m0", 0, end - 3600, 1_000_000) == found
            counted = store.latency(end - 3600, 3600 * (hours + 1))["m0", "n"].count
            assert counted >= len(found)
