"""Settings of the ground a leader stands on: where it listens, what it keeps where, what opens it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uptop_core.errors import Problem
from uptop_core.forms import IpNetwork, duration, network, several, text, url, whole
from uptop_core.looks import Vantage
from uptop_core.settings import Setting, Settings
from uptop_leader import setting_forms
from uptop_leader.store.addresses import Dsn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address

LISTENING = "Listening"
DATABASE = "Database and history"
SECURITY = "Security"

_HOUR = 3600.0
_DSN = re.compile(r"postgres(ql)?://|\s*[a-z_]+\s*=")  # a URL, or words such as host=...


class GroundSettings(Settings, frozen=True, kw_only=True):
    """Listening, database and security. Durations are in seconds."""

    http_host: Annotated[
        str,
        Setting(
            help="address to listen on; by default 127.0.0.1, with a cluster secret 0.0.0.0",
            group=LISTENING,
            form=setting_forms.HOST,
        ),
    ] = ""
    http_port: Annotated[
        int,
        Setting(
            help="port of the API, status page, push and metrics; 0 chooses a free one",
            group=LISTENING,
            form=whole(0, 65_535),
        ),
    ] = 8080
    tls_cert: Annotated[
        Path | None, Setting(help="certificate chain (PEM): serve HTTPS", group=LISTENING)
    ] = None
    tls_key: Annotated[
        Path | None, Setting(help="private key (PEM) of the certificate", group=LISTENING)
    ] = None
    public_url: Annotated[
        str,
        Setting(help="where people reach this leader, for links", group=LISTENING, form=url()),
    ] = ""
    trusted_proxies: Annotated[
        tuple[IpNetwork, ...],
        Setting(
            help="networks of proxies whose X-Forwarded-For is believed by the audit log and the rate"
            " limits",
            group=LISTENING,
            form=several(network()),
        ),
    ] = ()

    db_type: Annotated[
        str,
        Setting(
            help="kind of database",
            group=DATABASE,
            form=setting_forms.words("sqlite", "postgres"),
        ),
    ] = "sqlite"
    db_dsn: Annotated[
        str,
        Setting(
            help="path of the SQLite file; with postgres a connection string, such as"
            " postgresql://user:password@host/name",
            group=DATABASE,
            form=text(),
            secret=True,
        ),
    ] = "uptop.db"
    retention_raw: Annotated[
        float,
        Setting(help="how long raw results are kept", group=DATABASE, form=duration(_HOUR)),
    ] = 7 * 24 * _HOUR
    retention_5min: Annotated[
        float,
        Setting(help="how long 5-minute rollups are kept", group=DATABASE, form=duration(_HOUR)),
    ] = 30 * 24 * _HOUR
    retention_hour: Annotated[
        float,
        Setting(help="how long hourly rollups are kept", group=DATABASE, form=duration(_HOUR)),
    ] = 400 * 24 * _HOUR

    encryption_key: Annotated[
        str,
        Setting(
            help="encrypts channel settings and credentials in the database; of several keys the first"
            " encrypts, all decrypt",
            group=SECURITY,
            form=setting_forms.encryption_keys(),
            secret=True,
        ),
    ] = ""
    cluster_secret: Annotated[
        str,
        Setting(
            help="secret shared by leader, follower and probes; also opens import and export",
            group=SECURITY,
            secret=True,
        ),
    ] = ""
    node_key: Annotated[
        str,
        Setting(
            help="a probe's own key; ignored by leaders, so that both may share a .env",
            group=SECURITY,
            form=text(),
            secret=True,
        ),
    ] = ""
    require_node_keys: Annotated[
        bool,
        Setting(
            help="probes need keys of their own (uptop-leader node add) and cannot use the cluster"
            " secret",
            group=SECURITY,
        ),
    ] = False
    allow_private_targets: Annotated[
        bool,
        Setting(help="the leader's own checks may reach private addresses", group=SECURITY),
    ] = False
    insecure_skip_verify: Annotated[
        bool,
        Setting(
            help="the leader's own checks do not verify TLS certificates of targets", group=SECURITY
        ),
    ] = False

    @property
    def effective_http_host(self) -> str:
        """The address to listen on: as written, else loopback until there is a cluster secret."""
        return self.http_host or ("0.0.0.0" if self.cluster_secret else "127.0.0.1")

    @property
    def has_tls(self) -> bool:
        """Whether HTTPS is served."""
        return self.tls_cert is not None

    @property
    def database(self) -> Address:
        """Where the database is."""
        if self.db_type == "postgres":
            return Dsn(self.db_dsn)
        return Path(self.db_dsn).expanduser()

    @property
    def has_database(self) -> bool:
        """Whether there is a file to open; a server is asked by opening."""
        database = self.database
        return not isinstance(database, Path) or database.exists()

    @property
    def folder(self) -> Path:
        """Where files of this leader's own go: beside the SQLite file, else where it was started."""
        database = self.database
        return database.parent if isinstance(database, Path) else Path()

    @property
    def vantage(self) -> Vantage:
        """What the leader's own checks may connect to, and whom they trust."""
        return Vantage(
            allow_private=self.allow_private_targets, skip_verify=self.insecure_skip_verify
        )

    def problems(self) -> Iterator[Problem]:
        """The database is a path, or a connection string; certificate and key come together."""
        yield from self._database_problems()
        for name, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
            path: Path | None = getattr(self, name)
            if path is None and getattr(self, other) is not None:
                yield Problem(name, f"must be set too when UPTOP_{other.upper()} is")
            elif path is not None and not path.is_file():
                yield Problem(name, f"there is no file {str(path)!r}")

    def _database_problems(self) -> Iterator[Problem]:
        if self.db_type == "postgres":
            if not _DSN.match(self.db_dsn):
                why = "with postgres this is a connection string: postgresql://user@host/name"
                yield Problem("db_dsn", why)
        elif "://" in self.db_dsn:
            why = "with sqlite this is the path of a file, not a URL (UPTOP_DB_TYPE=postgres?)"
            yield Problem("db_dsn", why)
