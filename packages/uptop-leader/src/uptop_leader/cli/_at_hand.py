"""What the commands beside a running leader share: settings, the database, who is asking, files.

They write to the same database in one transaction; the leader sees the new version within seconds.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from uptop_core.errors import ConfigError, Problem, SettingError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from ssl import SSLContext

    from uptop_leader.configuration import Actor
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store

F = TypeVar("F", bound="Callable[..., Any]")

INPUT_LIMIT = 64 * 1024 * 1024  # bytes of a document


def database_option(command: F) -> F:
    """The flag `--db` of a command."""
    option: Callable[[F], F] = click.option(
        "--db", help="path of the SQLite file, or connection string (UPTOP_DB_DSN)"
    )
    return option(command)


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


def settings_here(**flags: object) -> LeaderSettings:
    """The leader's settings as this process would have them."""
    from uptop_core.settings import read_settings
    from uptop_leader.settings import LeaderSettings

    return read_settings(LeaderSettings, environment(), dotenv=Path(".env"), overrides=flags)


def own_url(settings: LeaderSettings) -> str:
    """Where the leader of these settings can be reached from here."""
    host = settings.effective_http_host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if settings.has_tls else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.http_port}"


def wish(what: str, *, otherwise: str) -> None:
    """Ask it of the follower that runs on this database. Raises SettingError, which says
    `otherwise`, where none does.
    """
    settings = settings_here()
    if settings.cluster_mode != "follower":
        raise SettingError([Problem("UPTOP_CLUSTER_MODE", otherwise)])
    with opened(settings) as store:
        store.wish(what)


def own_tls(settings: LeaderSettings) -> SSLContext | None:
    """For the way to the leader of these settings: the very certificate that it serves with is
    trusted, whatever name it is for, and no other of those who signed it; None where it serves
    without. Raises SettingError where there is none in the file.
    """
    if settings.tls_cert is None:
        return None
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        own = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes())
    except OSError as error:
        raise SettingError(
            [Problem("UPTOP_TLS_CERT", f"cannot be read: {error.strerror}")]
        ) from None
    except ValueError:
        what = "must be a certificate chain in PEM, that of the leader first"
        raise SettingError([Problem("UPTOP_TLS_CERT", what)]) from None

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=own.public_bytes(Encoding.DER))
    return context


@contextmanager
def opened(
    settings: LeaderSettings, *, make: bool = False, changes: bool = False
) -> Iterator[Store]:
    """The leader's database. With `make` one that is missing is made, else that is a StoreError.

    With `changes`, which says that people's settings are to be changed, that of a follower that
    copies is refused: the next copy would undo it.
    """
    from uptop_leader.seal import Keyring
    from uptop_leader.store.store import Store

    if changes and settings.copies:
        what = "this node copies its leader: change it there"
        raise ConfigError([Problem("UPTOP_CLUSTER_MODE", what)])
    if not make and not settings.has_database:
        where = settings.database
        where = where.absolute() if isinstance(where, Path) else where
        raise StoreError(f"there is no database {where} (UPTOP_DB_DSN, --db)")
    store = Store.open(settings.database, Keyring.from_setting(settings.encryption_key), now())
    try:
        yield store
    finally:
        store.close()


def now() -> float:
    """Unix seconds."""
    return time.time()


def actor() -> Actor:
    """Who runs this command, for the audit log."""
    from uptop_leader.configuration import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        name = str(os.getuid())
    return Actor(name=name, source="command line")


def read_input(path: str) -> str:
    """The text of a file, or with `-` of standard input."""
    source = source_name(path)
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            content = file.read(INPUT_LIMIT + 1)
    except OSError as error:
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}")], source) from None
    if len(content) > INPUT_LIMIT:
        raise ConfigError([Problem("", f"is larger than {INPUT_LIMIT >> 20} MiB")], source)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigError([Problem("", "is not UTF-8 text")], source) from None


def source_name(path: str) -> str:
    """How a file is called in messages."""
    return "standard input" if path == "-" else path


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A new private file beside `path` that takes its place when all went well."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
        part = Path(name)
        try:
            yield part
            part.chmod(0o600)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
