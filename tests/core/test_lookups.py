"""Lookups in threads: those that hang stop nobody else, are bounded, and do not keep the process."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import anyio
import pytest

from uptop_core import CheckFailed, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.lookups import Lookups
from uptop_core.prober.resolve import resolve

pytestmark = pytest.mark.anyio

PATIENCE_S = 10.0


class Resolver:
    """A system's resolver in which names that begin with "dead" hang until it is `mended`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self._mended = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, host: str, port: int, family: int) -> list[str]:
        with self._lock:
            self.asked.append(host)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if host.startswith("dead"):
            self._mended.wait()
        with self._lock:
            self.at_once -= 1
        return [f"for {host}"]

    def mend(self) -> None:
        self._mended.set()

    def __enter__(self) -> "Resolver":
        return self

    def __exit__(self, *error: object) -> None:
        self.mend()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE_S):
        while not condition():
            await anyio.sleep(0.002)


async def give_up_on(lookups: Lookups, names: list[str], after_s: float = 0.05) -> None:
    """Ask for all of them at once, and leave."""
    with anyio.move_on_after(after_s):
        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(lookups.ask, name, 80, 0)


async def ask(lookups: Lookups, name: str) -> list[str]:
    with anyio.fail_after(PATIENCE_S):
        return await lookups.ask(name, 80, 0)


async def test_lookups_beyond_the_limit_wait_and_all_are_answered() -> None:
    answers: list[list[str]] = []
    with Resolver() as resolver:
        lookups = Lookups(most=2, look_up=resolver)

        async def one(number: int) -> None:
            answers.append(await ask(lookups, f"host-{number}"))

        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(one, number)
        assert sorted(answers) == sorted([f"for host-{number}"] for number in range(40))
        assert resolver.most_at_once <= 2


async def test_five_hundred_names_that_hang_do_not_stop_those_that_are_well() -> None:
    with Resolver() as resolver:
        lookups = Lookups(look_up=resolver)
        dead = [f"dead-{number}" for number in range(500)]
        for begin in range(0, 500, 100):
            await give_up_on(lookups, dead[begin : begin + 100])
            assert await ask(lookups, f"well-{begin}") == [f"for well-{begin}"]
        await give_up_on(lookups, dead)  # their next ticks
        assert await ask(lookups, "well") == ["for well"]
        assert lookups.threads <= 1024


async def test_names_that_hang_leave_half_of_the_threads_to_others() -> None:
    with Resolver() as resolver:
        lookups = Lookups(most=8, look_up=resolver)
        for _ in range(10):
            await give_up_on(lookups, ["dead-1", "dead-2"])
        assert resolver.at_once == 4
        assert await ask(lookups, "well") == ["for well"]


async def test_a_name_that_has_come_back_is_asked_for_anew() -> None:
    with Resolver() as resolver:
        lookups = Lookups(most=4, look_up=resolver)
        for _ in range(4):
            await give_up_on(lookups, ["dead"])
        resolver.mend()
        assert await ask(lookups, "dead") == ["for dead"]
        await until(lambda: resolver.at_once == 0)
        before = len(resolver.asked)
        assert await ask(lookups, "dead") == ["for dead"]
        assert len(resolver.asked) == before + 1  # nothing is remembered


async def test_what_is_given_up_before_its_turn_is_never_asked() -> None:
    with Resolver() as resolver:
        lookups = Lookups(most=1, look_up=resolver)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lookups.ask, "dead", 80, 0)
            await until(lambda: resolver.asked == ["dead"])
            await give_up_on(lookups, ["never"], after_s=0.01)
            resolver.mend()
        assert await ask(lookups, "well") == ["for well"]
        assert resolver.asked == ["dead", "well"]


async def test_threads_without_work_end() -> None:
    with Resolver() as resolver:
        lookups = Lookups(look_up=resolver, idle_s=0.05)
        assert await ask(lookups, "well") == ["for well"]
        await until(lambda: lookups.threads == 0)
        assert await ask(lookups, "well") == ["for well"]


async def test_a_lookup_that_fails_says_why() -> None:
    with pytest.raises(socket.gaierror):
        await ask(Lookups(), "not an address")


async def test_a_name_is_looked_up_in_the_family_that_is_wanted() -> None:
    for version, shown in ((4, "127.0.0.1"), (6, "::1")):
        look = Look(Vantage(allow_private=True), 5.0)
        try:
            found = await resolve(look, "localhost", 80, version)
        except CheckFailed as error:
            assert (version, error.reason) == (6, Reason.NXDOMAIN)  # no ::1 in /etc/hosts
            assert error.detail == "localhost has no IPv6 address"
        else:
            assert [str(address) for address in found] == [shown]


_HANGING = """
import anyio, time
from uptop_core.prober.lookups import Lookups

async def main() -> None:
    lookups = Lookups(look_up=lambda *asked: time.sleep(600))
    with anyio.move_on_after(0.3):
        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(lookups.ask, str(number), 80, 0)

anyio.run(main)
"""


@pytest.mark.slow
def test_a_process_does_not_wait_for_lookups_that_hang() -> None:
    subprocess.run([sys.executable, "-c", _HANGING], check=True, timeout=60)
