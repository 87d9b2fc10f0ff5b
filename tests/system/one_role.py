"""Proves, inside an environment with one role only, that the role stands without the others.

    python one_role.py probe

Every module of the role and of core is imported (but for those of core that need an extra,
where that is not installed), what belongs to other roles must be absent, and the role's
command answers `--version` and `--help`; core runs an http check. Knows only what the environment
it runs in has: no pytest.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pkgutil
import subprocess
import sys
import sysconfig
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

_EXTRA = ("dns", "h2", "httptools", "icmplib", "regex", "uvloop")
_SERVER = ("sqlmodel", "sqlalchemy", "alembic", "starlette", "uvicorn")
_OF_EXTRAS = {"uptop_core": _EXTRA, "uptop_leader": ("psycopg", "asyncssh", "uptop_tui")}
"""What modules of a package may miss, because an extra of it brings it."""

_ABSENT = {
    "core": (
        *_SERVER, "textual", "apprise", "pydantic", "jinja2", "yaml", "cryptography", *_EXTRA,
        "uptop_leader", "uptop_probe", "uptop_tui",
    ),
    "leader": ("textual", "uptop_probe", "uptop_tui"),
    "probe": (
        *_SERVER, "textual", "apprise", "pydantic", "jinja2", "yaml", "cryptography",
        "uptop_leader", "uptop_tui",
    ),
    "tui": (*_SERVER, "apprise", "uptop_leader", "uptop_probe"),
}  # fmt: skip


def present(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that could be imported here."""
    return [name for name in names if importlib.util.find_spec(name) is not None]


def import_all(package: str) -> int:
    """Import every module of a package; how many of them could be."""
    root = importlib.import_module(package)
    names = [info.name for info in pkgutil.walk_packages(root.__path__, f"{package}.")]
    return sum(could_import(name) for name in names if not name.endswith("__main__"))


def could_import(name: str) -> bool:
    """Import a module; False when it is one that needs an extra and this is not here."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing in _OF_EXTRAS.get(name.split(".")[0], ()):
            return False
        raise
    return True


def check_something() -> str:
    """What `run_check` says of a real listener on loopback, with core alone."""
    from uptop_core import HttpCheck, Vantage, run_check

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    check = HttpCheck(url=f"http://127.0.0.1:{server.server_port}/")
    outcome = asyncio.run(run_check(check, vantage=Vantage(allow_private=True)))
    server.shutdown()
    server.server_close()
    if not outcome.up or outcome.status_code != 204:
        raise SystemExit(f"the check of a healthy page said {outcome}")
    return f"http check up in {outcome.timings.total_ns / 1e6:.1f} ms"


def ask_command(role: str) -> str:
    """The version that the role's command prints; `--help` must fit one screen."""
    command = str(Path(sysconfig.get_path("scripts"), f"uptop-{role}"))
    said = {
        flag: subprocess.run(
            [command, flag], capture_output=True, text=True, timeout=60, check=True
        ).stdout
        for flag in ("--version", "--help")
    }
    lines = said["--help"].splitlines()
    if not 3 <= len(lines) <= 50:
        raise SystemExit(f"uptop-{role} --help has {len(lines)} lines")
    return said["--version"].strip()


def main(role: str) -> None:
    """Prove it or stop with one line that says what is wrong."""
    if found := present(_ABSENT[role]):
        raise SystemExit(f"an environment of {role} alone has {', '.join(found)}")
    packages = ["uptop_core"] if role == "core" else ["uptop_core", f"uptop_{role}"]
    count = sum(import_all(package) for package in packages)
    said = check_something() if role == "core" else ask_command(role)
    print(f"{role} alone: {count} modules imported; {said}")


if __name__ == "__main__":
    main(sys.argv[1])
