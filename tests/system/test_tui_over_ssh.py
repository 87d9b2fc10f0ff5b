"""The same day over SSH: a real client in a real terminal, and nothing of ours on its side."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import asyncssh
import pytest

from tests.system.cluster import Cluster, cluster
from tests.system.terminal import TMUX, terminal
from tests.system.test_tui_journey import SIZE, a_day
from tests.system.waiting import until

SSH = shutil.which("ssh")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed: apt-get install tmux"),
    pytest.mark.skipif(SSH is None, reason="ssh is not installed: apt-get install openssh-client"),
]


async def test_the_same_day_over_ssh(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", "ada@laptop")
    key.write_private_key(tmp_path / "id")
    (tmp_path / "id").chmod(0o600)
    async with cluster(tmp_path) as town:
        target = await town.target()
        await town.start_leader(port="0", admin_key=key.export_public_key().decode().strip())
        await town.start_probe("west", "eu-west")
        await town.start_probe("east", "us-east")
        await until("both probes are known", lambda: _are_known(town))
        async with terminal(tmp_path, _ssh(town, tmp_path), {}, SIZE) as screen:
            await screen.shows("● live", "nothing is watched yet")
            await a_day(town, screen, target)
            await screen.press("q")
            assert await screen.ends() == 0
        assert "ssh: admin leaves" in town.leader.said()
        await town.leader.stop()
        assert town.leader.exit_code == 0
        assert "Traceback" not in town.leader.said()


async def _are_known(town: Cluster) -> bool:
    return {"west", "east"} <= (await town.nodes()).keys()


def _ssh(town: Cluster, folder: Path) -> list[str]:
    """The command line of a client that knows this leader's key from its file."""
    assert SSH is not None
    found = re.search(r"listening on ssh://127\.0\.0\.1:(\d+)", town.leader.said())
    assert found is not None
    host_key = asyncssh.read_private_key(town.database.parent / "uptop-ssh-host-key")
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{found[1]} {host_key.export_public_key().decode()}")
    options = {
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known),
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return [SSH, "-F", "/dev/null", "-p", found[1], "-i", str(folder / "id"), *words, "127.0.0.1"]
