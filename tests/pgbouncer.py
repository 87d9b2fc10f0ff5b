"""A pgbouncer of the tests' own, in transaction mode, before a PostgreSQL of the tests' own.

Each transaction gets whichever connection to the server is free, and there are few. Debian's package
`pgbouncer` has the program; `.ci/run` installs it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.ports import free_port
from tests.postgres_server import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres_server import PostgresServer

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="pgbouncer is not installed (Debian: apt-get install pgbouncer)"
)

_CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
"""


@contextlib.contextmanager
def bouncing(server: PostgresServer, connections: int) -> Iterator[int]:
    """Its port, until the end; it has so many connections to each database of the server."""
    assert PROGRAM is not None
    folder = Path(tempfile.mkdtemp(prefix="uptop-pgbouncer-"))
    port = free_port()
    (folder / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        _CONFIGURATION.format(server=server.port, port=port, folder=folder, connections=connections)
    )
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # as which it does not run
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, configuration], stdout=log, stderr=log, cwd=folder, **user
        )
    try:
        _wait_for(process, port, folder / "log")
        yield port
    finally:
        process.kill()  # its signals mean other things from version to version, or may be ignored here
        process.wait(30)
        shutil.rmtree(folder)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(
                host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="postgres"
            ).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.02)
