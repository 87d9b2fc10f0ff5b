"""What the system's resolver is told, and that one silent name server is no outage then."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.core.silent_server import WALLS
from uptop_core import Outcome
from uptop_core.prober.resolver_options import OPTIONS, VARIABLE, hasten_resolver

_UNSHARE = ["unshare", "--net", "--mount", *(["--map-root-user"] if os.getuid() else [])]


@pytest.mark.parametrize(
    ("written", "environ", "then"),
    [
        ("nameserver 192.0.2.1\n", {}, OPTIONS),
        ("options ndots:5 edns0\n", {}, OPTIONS),
        ("# options timeout:9\n", {}, OPTIONS),
        ("options ndots:5 timeout:2\n", {}, None),
        ("options edns0\noptions  timeout:3\n", {}, None),
        ("", {VARIABLE: "rotate"}, "rotate"),
    ],
)
def test_the_resolver_asks_again_soon_unless_somebody_has_said_when(
    tmp_path: Path, written: str, environ: dict[str, str], then: str | None
) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text(written)
    hasten_resolver(environ, str(resolv_conf))
    assert environ.get(VARIABLE) == then


def test_a_system_without_that_file_is_told_too(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    hasten_resolver(environ, str(tmp_path / "missing"))
    assert environ == {VARIABLE: OPTIONS}


def _why_not() -> str:
    if platform.libc_ver()[0] != "glibc":
        return "needs glibc, whose resolver it is"
    if any(shutil.which(tool) is None for tool in ("unshare", "ip", "mount")):
        return "needs unshare, ip and mount"
    made = [*_UNSHARE, "ip", "link", "set", "lo", "up"]
    tried = subprocess.run(made, capture_output=True, check=False)
    return "" if tried.returncode == 0 else "networks of their own cannot be made here"


@pytest.mark.slow
def test_a_first_name_server_that_is_silent_is_no_outage(tmp_path: Path) -> None:
    if why := _why_not():
        pytest.skip(why)
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    script = [sys.executable, "-m", "tests.core.silent_server"]
    done = subprocess.run(
        [*_UNSHARE, "sh", "-ec", WALLS, "sh", str(tmp_path), *script],
        cwd=Path(__file__).parents[2],
        env=environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    assert outcome.up, outcome.detail
