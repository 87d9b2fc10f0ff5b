"""The leader's settings: every variable of its own, typed (DESIGN 5)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from uptop_core.canaries import canary
from uptop_core.constants import TimeConstants, time_constants
from uptop_core.errors import Problem
from uptop_core.forms import IpNetwork, duration, network, several, text, url, whole
from uptop_core.settings import Setting, Settings
from uptop_leader import setting_forms
from uptop_leader.store.addresses import Dsn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address

LISTENING = "Listening"
DATABASE = "Database and history"
PAGES = "Status page and metrics"
NODE = "This node and its cluster"
CHECKING = "Checking and judging"
SECURITY = "Security"
SSH = "Terminal UI over SSH"
LOGGING = "Logging"

_HOUR = 3600.0
_DSN = re.compile(r"postgres(ql)?://|\s*[a-z_]+\s*=")  # a URL, or words such as host=...


class LeaderSettings(Settings, frozen=True, kw_only=True):
    """Everything that can be set of a leader. Durations are in seconds."""

    http_host: Annotated[
        str,
        Setting(
            help="address to listen on; without a cluster secret 127.0.0.1, with one 0.0.0.0",
            group=LISTENING,
            form=setting_forms.HOST,
        ),
    ] = ""
    http_port: Annotated[
        int,
        Setting(
            help="port of API, status page, push and metrics; 0 takes a free one",
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
            help="networks of proxies whose X-Forwarded-For is believed: in the audit log, and where"
            " requests are counted by address",
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
        Setting(help="how long single results are kept", group=DATABASE, form=duration(_HOUR)),
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
            help="seals channel settings and credentials in the database: 64 hex digits; of"
            " several, comma-separated, the first encrypts and all decrypt",
            group=SECURITY,
            form=setting_forms.encryption_keys(),
            secret=True,
        ),
    ] = ""
    cluster_secret: Annotated[
        str,
        Setting(
            help="shared key of the cluster API and of import/export",
            group=SECURITY,
            secret=True,
        ),
    ] = ""
    node_key: Annotated[
        str,
        Setting(
            help="a probe's own key (a leader that shares its .env with a probe passes over it)",
            group=SECURITY,
            form=text(),
            secret=True,
        ),
    ] = ""
    require_node_keys: Annotated[
        bool,
        Setting(
            help="probes need keys of their own (uptop-leader node add); the cluster secret opens"
            " nothing for them",
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

    status_enabled: Annotated[bool, Setting(help="serve the status page", group=PAGES)] = False
    status_title: Annotated[str, Setting(help="title of the status page", group=PAGES)] = (
        "System Status"
    )
    status_regions: Annotated[
        bool,
        Setting(
            help="the status page names regions: how each sees a service, and how fast it answers",
            group=PAGES,
        ),
    ] = False
    status_targets: Annotated[
        bool, Setting(help="the status page names URLs and hosts of targets", group=PAGES)
    ] = False
    status_errors: Annotated[
        bool, Setting(help="the status page says why something is down", group=PAGES)
    ] = False
    status_hidden_tags: Annotated[
        tuple[str, ...],
        Setting(
            help="monitors and groups with one of these tags are not on the status page",
            group=PAGES,
            form=several(text()),
        ),
    ] = ()
    status_timezone: Annotated[
        str,
        Setting(
            help="time zone of the status page for readers without JavaScript; with it they see"
            " their own",
            group=PAGES,
            form=setting_forms.time_zone(),
        ),
    ] = "UTC"
    cors_origin: Annotated[
        str,
        Setting(help="origin that may read /status/json", group=PAGES, form=setting_forms.ORIGIN),
    ] = ""
    metrics_public: Annotated[
        bool, Setting(help="serve /metrics without the secret", group=PAGES)
    ] = False

    cluster_mode: Annotated[
        str,
        Setting(
            help="what this process is",
            group=NODE,
            form=setting_forms.words(
                "leader",
                "follower",
                probe="a probe is a program of its own: start uptop-probe instead",
            ),
        ),
    ] = "leader"
    peer_url: Annotated[
        str,
        Setting(
            help="of a follower: its leader's URL (a leader that shares its .env with a probe"
            " passes over it)",
            group=NODE,
        ),
    ] = ""
    node_id: Annotated[
        str,
        Setting(
            help="id of this node; by default leader, or follower",
            group=NODE,
            form=setting_forms.NAME,
        ),
    ] = ""
    node_name: Annotated[str, Setting(help="name of this node; by default its id", group=NODE)] = ""
    node_region: Annotated[
        str,
        Setting(
            help="region the leader's own checks run in", group=NODE, form=setting_forms.region()
        ),
    ] = ""
    follower_mirror: Annotated[
        bool,
        Setting(
            help="a follower copies its leader; false makes it a node of its own that takes over",
            group=NODE,
        ),
    ] = True
    timings: Annotated[
        TimeConstants,
        Setting(
            help="time constants, for tests and special networks: poll=10 offline=60 ...",
            group=NODE,
            form=time_constants(),
        ),
    ] = TimeConstants()

    agg_strategy: Annotated[
        str,
        Setting(
            help="how votes become a verdict where a monitor does not say",
            group=CHECKING,
            form=setting_forms.strategy(),
        ),
    ] = "any-down"
    leader_checks: Annotated[
        Literal["auto", "always", "never"],
        Setting(help="whether the leader checks as well; auto: while no probe can", group=CHECKING),
    ] = "auto"
    leader_concurrency: Annotated[
        int,
        Setting(help="the leader's checks at once", group=CHECKING, form=whole(1, 10_000)),
    ] = 200
    canaries: Annotated[
        tuple[str, ...],
        Setting(
            help="hosts or URLs that prove this node's own line",
            group=CHECKING,
            form=several(canary()),
        ),
    ] = ()
    deadman_url: Annotated[
        str,
        Setting(
            help="asked (GET) every minute while this leader is active and well, so that silence"
            " there tells when uptop itself is dead",
            group=CHECKING,
            form=url(),
            secret=True,
        ),
    ] = ""

    port: Annotated[
        int,
        Setting(
            help="port of the terminal UI over SSH, served where UPTOP_ADMIN_KEY or UPTOP_KEYS is"
            " set (on UPTOP_HTTP_HOST if that is set, else on all addresses); 0 takes a free one",
            group=SSH,
            form=whole(0, 65_535),
        ),
    ] = 23_234
    admin_key: Annotated[
        str,
        Setting(
            help="SSH key of the first admin: ssh-ed25519 AAAA... (a line of id_ed25519.pub)",
            group=SSH,
            form=setting_forms.PUBLIC_KEY,
        ),
    ] = ""
    keys: Annotated[
        Path | None,
        Setting(
            help="an authorized_keys file; a key is the user's whose name is its comment, up to an"
            ' @, or stands before it as user="name"; it is read again at each login',
            group=SSH,
        ),
    ] = None
    ssh_host_key: Annotated[
        Path | None,
        Setting(
            help="the SSH host key; made if missing; by default uptop-ssh-host-key beside the"
            " SQLite file",
            group=SSH,
        ),
    ] = None
    ssh_sessions: Annotated[
        int, Setting(help="sessions over SSH at once", group=SSH, form=whole(1, 100))
    ] = 10
    ssh_idle: Annotated[
        float,
        Setting(
            help="a session over SSH ends when nothing was typed for so long",
            group=SSH,
            form=duration(10),
        ),
    ] = 1800.0

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Setting(help="least level that is logged", group=LOGGING),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Setting(help="form of the log's lines", group=LOGGING)
    ] = "text"

    @property
    def effective_http_host(self) -> str:
        """The address to listen on: as written, else loopback until there is a cluster secret."""
        return self.http_host or ("0.0.0.0" if self.cluster_secret else "127.0.0.1")

    @property
    def effective_node_id(self) -> str:
        """The id of this node: as written, else its role."""
        return self.node_id or self.cluster_mode

    @property
    def effective_node_name(self) -> str:
        """The name of this node: as written, else its id."""
        return self.node_name or self.effective_node_id

    @property
    def copies(self) -> bool:
        """Whether this node copies another one."""
        return self.cluster_mode == "follower" and self.follower_mirror

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
    def serves_ssh(self) -> bool:
        """Whether the terminal UI is served over SSH: somebody has a key."""
        return bool(self.admin_key) or self.keys is not None

    @property
    def has_tls(self) -> bool:
        """Whether HTTPS is served."""
        return self.tls_cert is not None

    def problems(self) -> Iterator[Problem]:
        """Certificate and key come together and are there; the database is a path."""
        if self.db_type == "postgres":
            if not _DSN.match(self.db_dsn):
                why = "with postgres this is a connection string: postgresql://user@host/name"
                yield Problem("db_dsn", why)
        elif "://" in self.db_dsn:
            why = "with sqlite this is the path of a file, not a URL (UPTOP_DB_TYPE=postgres?)"
            yield Problem("db_dsn", why)
        for name, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
            path: Path | None = getattr(self, name)
            if path is None and getattr(self, other) is not None:
                yield Problem(name, f"must be set too when UPTOP_{other.upper()} is")
            elif path is not None and not path.is_file():
                yield Problem(name, f"there is no file {str(path)!r}")
        if self.keys is not None and not self.keys.is_file():
            yield Problem("keys", f"there is no file {str(self.keys)!r}")
        if self.serves_ssh and 0 != self.port == self.http_port:
            yield Problem("port", f"must be another port than UPTOP_HTTP_PORT: {self.port}")
        if self.cluster_mode == "follower":
            yield from self._follower_problems()

    def _follower_problems(self) -> Iterator[Problem]:
        form = url()
        try:
            form.read(self.peer_url)
        except ValueError:
            yield Problem("peer_url", f"of a follower must be its leader's URL: {form.allowed}")
        if self.db_type != "sqlite":
            what = "a follower has a SQLite file of its own; leaders on one PostgreSQL need none"
            yield Problem("db_type", what)
        if not self.cluster_secret:
            yield Problem("cluster_secret", "a follower needs the secret of its leader")
