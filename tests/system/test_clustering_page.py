"""A newcomer's walk through docs/clustering.md: every command as it stands there, in its order.

Each machine of the page is a folder with a shell in it. What the page shows after a command is
waited for, by trying the command again; numbers may be others.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from msgspec import Struct

from tests.system.cluster import Cluster, cluster
from tests.system.pair import PAIR_QUICK
from tests.system.processes import clean_environment
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs/clustering.md"
SECTION = "## Step by step"
MACHINES = ("leader", "follower", "eu-west", "us-east")
DONE = "--- done"


class Step(Struct, frozen=True):
    """A block of commands on a machine, and what they show."""

    machine: str
    commands: str
    shows: str


class Shell:
    """A terminal on a machine: what was started in it goes on until it is closed."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir()
        self.folder = folder
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=clean_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    async def type(self, commands: str) -> str:
        """Type commands and wait until they are done; what they have shown."""
        with anyio.fail_after(60):
            return await to_thread.run_sync(self._type, commands)

    def _type(self, commands: str) -> str:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{commands}\necho '{DONE}'\n")
        self._bash.stdin.flush()
        shown: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(DONE):
                return "".join(shown)
            shown.append(line)
        raise AssertionError(f"the shell has ended: {''.join(shown)}")

    def close(self) -> None:
        """End what was started in it, and it."""
        self._type("kill $(jobs -p); wait")
        self._bash.communicate()


def steps() -> list[Step]:
    """The walk, as the page has it."""
    (section,) = (
        part for part in re.split(r"^(?=## )", PAGE.read_text(), flags=re.M) if SECTION in part
    )
    found: list[Step] = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", section, flags=re.M | re.S):
        if language == "text":
            found[-1] = Step(found[-1].machine, found[-1].commands, block)
        else:
            first, _, commands = block.partition("\n")
            machine = first.removeprefix("# on ")
            assert machine in MACHINES, f"where is this to be typed? {first}"
            found.append(Step(machine, commands, ""))
    return found


async def addresses(town: Cluster) -> dict[str, str]:
    """The one place where what the page names is put in our terms: who is where."""
    shop, blog, receiver = await town.target(), await town.target(), await town.receiver()
    leader, follower = await town.target(), await town.target()  # two ports that are free then
    for one in (leader, follower):
        await one.leave()
    return {
        "https://hooks.example.com": receiver.url,
        "https://shop.example.com": shop.url,
        "https://blog.example.com": blog.url,
        "http://leader:8080": leader.url,
        "http://follower:8080": follower.url,
    }


@asynccontextmanager
async def machines(folder: Path, where: dict[str, str]) -> AsyncIterator[dict[str, Shell]]:
    """A shell on each, which knows what is special here: all is on one machine, and in a hurry."""
    shells: dict[str, Shell] = {}
    try:
        for name in MACHINES:
            at = where.get(f"http://{name}:8080", "").rpartition(":")[2]
            own = {"UPTOP_HTTP_HOST": "127.0.0.1", "UPTOP_HTTP_PORT": at} if at else {}
            hurry = {"UPTOP_TIMINGS": PAIR_QUICK, "UPTOP_ALLOW_PRIVATE_TARGETS": "true"}
            shells[name] = Shell(folder / name, {**own, **hurry})
        yield shells
    finally:
        for shell in shells.values():
            shell.close()


def is_shown(wanted: str, shown: str) -> bool:
    """Whether the same lines stand there, whatever the numbers."""
    return [_without_numbers(line) for line in wanted.splitlines()] == [
        _without_numbers(line) for line in shown.splitlines() if not line.startswith("warning")
    ]


def _without_numbers(line: str) -> str:
    return line if re.match(r"\d+ monitors", line) else re.sub(r"\d+", "N", line)


async def test_a_newcomer_gets_from_nothing_to_a_leader_a_follower_and_two_regions(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path / "town") as town:
        where = await addresses(town)
        async with machines(tmp_path, where) as shells:
            for number, step in enumerate(steps()):
                commands = step.commands
                for written, here in where.items():
                    commands = commands.replace(written, here)
                await walk(shells[step.machine], commands, step.shows)
                if not number:  # "copy the file to the other three machines"
                    secret = (shells["leader"].folder / "cluster-secret").read_bytes()
                    for name in MACHINES[1:]:
                        (shells[name].folder / "cluster-secret").write_bytes(secret)
            for shell in shells.values():
                assert not (shell.folder / ".env").stat().st_mode & 0o077, shell.folder


async def walk(shell: Shell, commands: str, shows: str) -> None:
    """Type it; what it shows in the end is what the page says."""
    shown = [await shell.type(commands)]
    if not shows:
        assert "Error" not in shown[0], shown[0]
        assert "error" not in shown[0], shown[0]
        return

    async def same() -> bool:
        shown[0] = await shell.type(commands)
        return is_shown(shows, shown[0])

    try:
        await until(commands, same)
    except AssertionError as error:
        logs = "".join(path.read_text() for path in shell.folder.glob("*.log"))
        raise AssertionError(f"{error}\n{shown[0]}\n{logs}") from None
