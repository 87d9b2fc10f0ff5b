"""The commands of the documents are typed as they stand there, beside a leader that runs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from tests.ports import free_port
from tests.system.api import SECRET
from tests.system.cluster import ENCRYPTION_KEY, Cluster, cluster
from tests.system.confined import SCRIPTS
from tests.system.processes import clean_environment, run_command
from tests.system.shell_blocks import (
    ROOT,
    Block,
    commands,
    every_block,
    is_walked_through,
    why_not_run,
)
from tests.upgrades.asked import push_token
from uptop_leader.first_start import TOKEN_FILE

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are written with curl"),
]

TYPED = [
    block
    for block in every_block()
    if block.language == "sh" and not is_walked_through(block) and any(
        not why_not_run(command) for command in commands(block)
    )
]  # fmt: skip
DOCUMENTS = list(dict.fromkeys(block.document for block in TYPED))
SERVES = re.compile(r"(\w+=(\"[^\"]*\"|\S)* )*uptop-(leader|probe)")
READY = re.compile(r"listening on http|no leader|registered|refused|assignments|401")
CODES = {"--dry-run": {0, 3}, "doctor": {0, 1}, "--once": {0, 1}}
"""What else than 0 a command may end with: something would change, is wrong here, is down."""
KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0tBGzhaVQHBeLwSoh3VJ1nBQHFYZfuJLuTVyATdZ2X ada@laptop\n"
)


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_commands_of_a_document_do_what_they_are_shown_for(
    document: str, tmp_path: Path
) -> None:
    async with cluster(tmp_path) as town:
        await town.start_leader()
        prepare(tmp_path, document)
        for block in TYPED:
            for command in commands(block) if block.document == document else ():
                if not why_not_run(command):
                    await type_line(town, block, command)


def prepare(folder: Path, document: str) -> None:
    """What a reader of the page has by then: a file of monitors, one to take in, keys, a web space."""
    pages = [document, "README.md", "docs/configuration-as-code.md"]
    examples = [
        b.text
        for page in pages
        for b in every_block()
        if (b.document, b.language) == (page, "yaml")
    ]
    (folder / "monitors.yaml").write_text(next(text for text in examples if "push" in text))
    shutil.copy(ROOT / "tests/leader/imports/samples/kuma.json", folder / "Uptime_Kuma_Backup.json")
    (folder / ".ssh").mkdir()
    (folder / ".ssh/id_ed25519.pub").write_text(KEY)
    (folder / "bin").mkdir()
    (folder / "bin/rclone").write_text('#!/bin/sh\ntest "$1" = sync && test -f "$2/index.html"\n')
    (folder / "bin/rclone").chmod(0o755)


async def type_line(town: Cluster, block: Block, command: str) -> None:
    typed = await filled_in(town, command)
    around = environment(town, typed)
    if SERVES.fullmatch(command):
        said = await to_thread.run_sync(serve_and_stop, typed, town.folder, around)
    else:
        done = await anyio.run_process(
            ["bash", "-c", typed], cwd=town.folder, env=around, check=False
        )
        said = (done.stdout + done.stderr).decode()
        allowed = next((codes for word, codes in CODES.items() if word in command.split()), {0})
        assert done.returncode in allowed, f"{block.document}: {typed}: {done.returncode}: {said}"
    assert "/api/push" not in command or '"ok":true' in said, f"{typed}: {said}"


async def filled_in(town: Cluster, command: str) -> str:
    """The line with this leader's address and secrets in the places where the page leaves them open."""
    if "<token>" in command:
        words = ["-m", "uptop_leader", "export"]
        done = await run_command(words, town.folder, town.leader_environment())
        command = command.replace("<token>", push_token(done.stdout.decode()))
    token = (town.folder / TOKEN_FILE).read_text().strip()
    for shown, ours in {
        "https://uptop.example.com": town.url,
        "/srv/status": str(town.folder / "status"),
        "UPTOP_CLUSTER_SECRET=…": f"UPTOP_CLUSTER_SECRET={SECRET}",
        "UPTOP_ENCRYPTION_KEY=…": f"UPTOP_ENCRYPTION_KEY={ENCRYPTION_KEY}",
        "UPTOP_TOKEN=…": f"UPTOP_TOKEN={token}",
    }.items():
        command = command.replace(shown, ours)
    return command


def environment(town: Cluster, typed: str) -> dict[str, str]:
    """The settings of the machine on which the line is typed; another leader is on another one."""
    settings = {**town.leader_environment(), "HOME": str(town.folder), "MAIL_PASSWORD": "x"}
    settings["NO_PROXY"] = "*"
    if SERVES.fullmatch(typed):
        settings |= {
            "UPTOP_HTTP_PORT": "0",
            "UPTOP_DB_DSN": "other.db",
            "UPTOP_PORT": str(free_port()),
        }
    if "uptop-probe" in typed:
        settings |= {"UPTOP_NODE_ID": "eu-1", "UPTOP_PEER_URL": town.url}
        settings |= {"UPTOP_NODE_REGION": "eu-west"}
    around = clean_environment(settings)
    paths = [str(town.folder / "bin"), str(SCRIPTS), around["PATH"]]
    return {**around, "PATH": os.pathsep.join(paths)}


def serve_and_stop(typed: str, folder: Path, around: dict[str, str]) -> str:
    """Start what serves, wait until it does, and stop it; what it said."""
    log = folder / "served.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", typed], cwd=folder, env=around, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not READY.search(log.read_text()):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return log.read_text()
