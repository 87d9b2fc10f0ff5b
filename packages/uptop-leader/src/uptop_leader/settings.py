"""The leader's settings: every variable of its own, typed (DESIGN 5).

Here is what it is among nodes and how it judges, with the terminal UI that it serves and its log;
below it lie the status page (`page_settings`) and the ground (`ground_settings`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from uptop_core.canaries import canary
from uptop_core.constants import TimeConstants, time_constants
from uptop_core.errors import Problem
from uptop_core.forms import duration, several, url, whole
from uptop_core.settings import Setting
from uptop_leader import setting_forms
from uptop_leader.page_settings import PageSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = "This node and its cluster"
CHECKING = "Checking and judging"
SSH = "Terminal UI over SSH"
LOGGING = "Logging"


class LeaderSettings(PageSettings, frozen=True, kw_only=True):
    """Everything that can be set of a leader. Durations are in seconds."""

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
            help="of a follower: its leader's URL; ignored by leaders",
            group=NODE,
        ),
    ] = ""
    node_id: Annotated[
        str,
        Setting(
            help="id of this node; by default leader or follower",
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
            help="whether a follower copies its leader; if not, it takes over with monitors of its own",
            group=NODE,
        ),
    ] = True
    timings: Annotated[
        TimeConstants,
        Setting(
            help="time constants in seconds, for tests and special networks: poll=10 offline=60 ...",
            group=NODE,
            form=time_constants(),
        ),
    ] = TimeConstants()

    agg_strategy: Annotated[
        str,
        Setting(
            help="who must agree that a monitor is down, unless the monitor says",
            group=CHECKING,
            form=setting_forms.strategy(),
        ),
    ] = "any-down"
    leader_checks: Annotated[
        Literal["auto", "always", "never"],
        Setting(
            help="whether the leader runs checks itself; auto: only while no probe can",
            group=CHECKING,
        ),
    ] = "auto"
    leader_concurrency: Annotated[
        int,
        Setting(
            help="how many checks the leader runs at once", group=CHECKING, form=whole(1, 10_000)
        ),
    ] = 200
    canaries: Annotated[
        tuple[str, ...],
        Setting(
            help="hosts or URLs that are asked to prove that this node's own network works",
            group=CHECKING,
            form=several(canary()),
        ),
    ] = ()
    deadman_url: Annotated[
        str,
        Setting(
            help="URL that is asked (GET) every minute while this leader is active and well, so that"
            " a service elsewhere notices when uptop is dead",
            group=CHECKING,
            form=url(),
            secret=True,
        ),
    ] = ""

    port: Annotated[
        int,
        Setting(
            help="port of the terminal UI over SSH, served if UPTOP_ADMIN_KEY or UPTOP_KEYS is set (on"
            " UPTOP_HTTP_HOST if that is set, else on all addresses); 0 chooses a free one",
            group=SSH,
            form=whole(0, 65_535),
        ),
    ] = 23_234
    admin_key: Annotated[
        str,
        Setting(
            help="public SSH key of the first admin: the line in id_ed25519.pub",
            group=SSH,
            form=setting_forms.PUBLIC_KEY,
        ),
    ] = ""
    keys: Annotated[
        Path | None,
        Setting(
            help="an authorized_keys file, read again at each login; a key's user is its comment up to"
            ' an @, or user="name" before it',
            group=SSH,
        ),
    ] = None
    ssh_host_key: Annotated[
        Path | None,
        Setting(
            help="the SSH host key, made if missing; by default uptop-ssh-host-key next to the SQLite"
            " file",
            group=SSH,
        ),
    ] = None
    ssh_sessions: Annotated[
        int,
        Setting(help="how many SSH sessions there may be at once", group=SSH, form=whole(1, 100)),
    ] = 10
    ssh_idle: Annotated[
        float,
        Setting(
            help="an SSH session ends when nothing was typed for this long",
            group=SSH,
            form=duration(10),
        ),
    ] = 1800.0

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Setting(help="lowest level that is logged", group=LOGGING),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Setting(help="format of the log", group=LOGGING)
    ] = "text"

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
    def serves_ssh(self) -> bool:
        """Whether the terminal UI is served over SSH: somebody has a key."""
        return bool(self.admin_key) or self.keys is not None

    def problems(self) -> Iterator[Problem]:
        """Beside those of the ground: keys are there, ports differ, a follower has its leader."""
        yield from super().problems()
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
