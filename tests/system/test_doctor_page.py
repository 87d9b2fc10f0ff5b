"""What docs/operations.md shows the doctors to say: each set-up is made, and the command run there."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from msgspec import Struct

from tests.leader.store_samples import opened, ping, set_up, webhook
from tests.ports import free_port
from tests.system.confined import SCRIPTS, why_not
from tests.system.own_clock import OwnClock
from tests.system.processes import Process, clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text()
BLOCKS = re.findall(
    r"^```text\n\$ (uptop-\w+ doctor[^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
MACHINE = re.compile(r"\w+ +(python|ping ipv|clock +(kept right|nothing keeps))")
"""Lines that tell of the machine, which is another one here; behind walls it is the page's."""
OTHER = re.compile(r"\d+(\.\d+)? ([GM]B|ms|s behind|to look|fine)")
SECRET, KEY = "a-secret", bytes(range(32))


class Here(Struct):
    """A leader at work at `url`, whose certificate `authority` has signed."""

    url: str
    authority: Path
    environment: dict[str, str]
    folder: Path


class Scene(Struct, frozen=True):
    """Settings, walls around the programs (a shell script's), and how the page calls what is here."""

    environment: Mapping[str, str]
    called: Mapping[str, str] = {}
    walls: str = 'exec "$@"'


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """A leader with all that belongs to one."""
    folder = tmp_path_factory.mktemp("leader")
    authority, files = trustme.CA(), folder / "tls"
    files.mkdir()
    authority.cert_pem.write_to_path(str(files / "ca.pem"))
    own = authority.issue_cert("localhost")
    own.private_key_pem.write_to_path(str(files / "key.pem"))
    own.cert_chain_pems[0].write_to_path(str(files / "cert.pem"))
    (files / "key.pem").chmod(0o600)
    database(folder / "uptop.db")
    port = free_port()
    environment = {
        "UPTOP_DB_DSN": str(folder / "uptop.db"),
        "UPTOP_HTTP_HOST": "127.0.0.1",
        "UPTOP_HTTP_PORT": str(port),
        "UPTOP_CLUSTER_SECRET": SECRET,
        "UPTOP_ENCRYPTION_KEY": KEY.hex(),
        "UPTOP_TLS_CERT": str(files / "cert.pem"),
        "UPTOP_TLS_KEY": str(files / "key.pem"),
        "UPTOP_LEADER_CHECKS": "never",
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
    }
    leader = Process("leader", ["-m", "uptop_leader"], folder)
    leader.start(environment)
    url = f"https://localhost:{port}"
    try:
        wait_until_well(url, ssl.create_default_context(cafile=str(files / "ca.pem")), leader)
        yield Here(url, files / "ca.pem", environment, folder)
    finally:
        leader.kill()


def wait_until_well(url: str, tls: ssl.SSLContext, leader: Process) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert leader.is_running, leader.tail()
        assert time.monotonic() < deadline, leader.tail()
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/api/health", context=tls, timeout=5),
        ):
            return
        time.sleep(0.05)


def database(path: Path) -> None:
    with opened(path, key=KEY) as store:
        set_up(store, ping("m"), webhook("c", "ops"))


def probe(here: Here, **more: str) -> dict[str, str]:
    return {
        "UPTOP_NODE_ID": "frankfurt",
        "UPTOP_PEER_URL": here.url,
        "UPTOP_CLUSTER_SECRET": SECRET,
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
        "UPTOP_CANARIES": f"{here.url}/api/health",
        "SSL_CERT_FILE": str(here.authority),
        **{f"UPTOP_{name.upper()}": value for name, value in more.items()},
    }


def well_leader(here: Here, folder: Path) -> Scene:
    environment = {**here.environment, "UPTOP_CANARIES": f"{here.url}/api/health"}
    environment["UPTOP_INSECURE_SKIP_VERIFY"] = "false"
    own = here.url.replace("localhost", "127.0.0.1")
    called = {f"{here.url}/api/health": "https://canary.example.net/"}
    called |= {own: "https://127.0.0.1:8080", str(here.folder): "/var/lib/uptop"}
    return Scene({**environment, "SSL_CERT_FILE": str(here.authority)}, called)


def well_probe(here: Here, folder: Path) -> Scene:
    called = {f"{here.url}/api/health": "https://canary.example.net/"}
    return Scene(probe(here), {**called, here.url: "https://uptop.example.com"})


def wrong_key(here: Here, folder: Path) -> Scene:
    environment = {**leader_alone(folder), "UPTOP_ENCRYPTION_KEY": "22" * 32}
    return Scene(environment, {str(folder): "/var/lib/uptop"})


def newer_database(here: Here, folder: Path) -> Scene:
    environment = leader_alone(folder)
    with contextlib.closing(sqlite3.connect(folder / "uptop.db")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0007'")
        raw.commit()
    return Scene(environment, {str(folder): "/var/lib/uptop"})


def read_only(here: Here, folder: Path) -> Scene:
    walls = f'mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}; exec "$@"'
    return Scene(leader_alone(folder), {str(folder): "/var/lib/uptop"}, in_walls("--mount", walls))


def full_disk(here: Here, folder: Path) -> Scene:
    environment = {**leader_alone(folder), "UPTOP_DB_DSN": f"{folder}/small/uptop.db"}
    (folder / "small").mkdir()
    made = f"mount -t tmpfs -o size=4m none {folder}/small; cp {folder}/uptop.db {folder}/small"
    called = {f"{folder}/small": "/var/lib/uptop"}
    return Scene(environment, called, in_walls("--mount", f'{made}; exec "$@"'))


def cut_off(here: Here, folder: Path) -> Scene:
    settings = probe(here, peer_url="https://192.0.2.10", canaries="https://192.0.2.20")
    called = {"https://192.0.2.10": "https://uptop.example.com"}
    called |= {"https://192.0.2.20": "https://canary.example.net"}
    drop = 'exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"'
    return Scene(settings, called, in_walls("--net", drop))


def wrong_secret(here: Here, folder: Path) -> Scene:
    called = {here.url: "https://uptop.example.com"}
    return Scene(probe(here, cluster_secret="another-secret"), called)


def clock_apart(here: Here, folder: Path) -> Scene:
    clock = OwnClock(folder / "clock")
    clock.wall_s = -95.0
    program = " ".join(clock.arguments("probe"))
    walls = f'shift; exec {sys.executable} {program} "$@"'
    return Scene(probe(here), {here.url: "https://uptop.example.com"}, walls)


def leader_alone(folder: Path) -> dict[str, str]:
    database(folder / "uptop.db")
    own = {"UPTOP_DB_DSN": f"{folder}/uptop.db", "UPTOP_ENCRYPTION_KEY": KEY.hex()}
    return {**own, "UPTOP_HTTP_PORT": str(free_port())}


def in_walls(kind: str, script: str) -> str:
    return f"exec unshare {kind} sh -ec '{script}' sh \"$@\""


SCENES: Sequence[Callable[[Here, Path], Scene]] = (
    well_leader,
    well_probe,
    wrong_key,
    newer_database,
    read_only,
    full_disk,
    cut_off,
    wrong_secret,
    clock_apart,
)
WALLED = (read_only, full_disk, cut_off)


def said(command: str, scene: Scene, folder: Path) -> str:
    """What the shell shows after a command, with the names that the page has for things."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("uptop-leader", "uptop-probe"):
        script = f'#!/bin/sh\nset -- {SCRIPTS / name} "$@"\n{scene.walls}\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    around = clean_environment(scene.environment)
    around["PATH"] = os.pathsep.join([str(programs), str(SCRIPTS), around["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=around, capture_output=True, text=True, timeout=120
    )
    text = done.stdout
    for ours, shown in scene.called.items():
        text = text.replace(ours, shown)
    return text + done.stderr


def compared(text: str, *, walled: bool) -> list[str]:
    """The lines that do not tell of the machine, without the numbers that are other ones each time."""
    lines = [line for line in text.splitlines() if line and (walled or not MACHINE.match(line))]
    return [OTHER.sub("#", line) for line in lines if "ping ipv6" not in line]


def test_a_leader_with_a_certificate_for_another_name_is_asked_how_it_is(
    here: Here, tmp_path: Path
) -> None:
    words = said("uptop-leader status", Scene(here.environment), tmp_path)
    assert words.startswith("leader, active: ok\n"), words


def test_the_page_shows_every_scene() -> None:
    assert len(BLOCKS) == len(SCENES)


@pytest.mark.parametrize(
    ("block", "make"),
    list(zip(BLOCKS, SCENES, strict=False)),
    ids=[make.__name__ for make in SCENES[: len(BLOCKS)]],
)
def test_the_doctor_says_what_the_page_shows(
    block: tuple[str, str], make: Callable[[Here, Path], Scene], here: Here, tmp_path: Path
) -> None:
    if make in WALLED and why_not():
        pytest.skip(why_not())
    command, shown = block
    walled = make is cut_off
    here_said = said(command, make(here, tmp_path), tmp_path)
    assert compared(here_said, walled=walled) == compared(shown, walled=walled)
