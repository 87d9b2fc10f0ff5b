"""The settings of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from uptop_core import forms
from uptop_core.canaries import canary
from uptop_core.constants import TimeConstants, time_constants
from uptop_core.errors import Problem
from uptop_core.logs import LogFormat, LogLevel
from uptop_core.looks import Vantage
from uptop_core.settings import Setting, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_ID = forms.text(
    "1 to 100 letters, digits, dots, colons, dashes or underscores", r"[A-Za-z0-9._:-]{1,100}"
)
_CREDENTIAL = forms.text("printable ASCII without spaces", "[!-~]{1,1000}")


def _mode() -> forms.Form[str]:
    def read(written: str) -> str:
        if written.lower() != "probe":
            raise ValueError
        return "probe"

    return forms.Form("probe, or nothing (uptop-leader runs leaders and followers)", read)


class ProbeSettings(Settings, frozen=True, kw_only=True):
    """What a probe is told from outside; the field `node_id` is the variable `UPTOP_NODE_ID`."""

    cluster_mode: Annotated[
        str, Setting(help="what this node is", group="This node and its cluster", form=_mode())
    ] = "probe"
    peer_url: Annotated[
        tuple[str, ...],
        Setting(
            help="the leader's URL, or several, tried in order",
            group="This node and its cluster",
            form=forms.several(forms.url()),
        ),
    ]
    node_id: Annotated[
        str,
        Setting(
            help="id of this node, unique among the probes",
            group="This node and its cluster",
            form=_ID,
        ),
    ]
    node_name: Annotated[
        str,
        Setting(help="name of this node; by default its id", group="This node and its cluster"),
    ] = ""
    node_region: Annotated[
        str,
        Setting(
            help="region this node checks from, such as eu-west", group="This node and its cluster"
        ),
    ] = ""
    cluster_secret: Annotated[
        str | None,
        Setting(
            help="secret shared by leader, follower and probes",
            group="This node and its cluster",
            form=_CREDENTIAL,
            secret=True,
        ),
    ] = None
    node_key: Annotated[
        str | None,
        Setting(
            help="this node's own key (uptop-leader node add), used instead of the shared secret",
            group="This node and its cluster",
            form=_CREDENTIAL,
            secret=True,
        ),
    ] = None
    timings: Annotated[
        TimeConstants,
        Setting(
            help="time constants in seconds, for tests and special networks",
            group="This node and its cluster",
            form=time_constants(),
        ),
    ] = TimeConstants()
    probe_concurrency: Annotated[
        int,
        Setting(
            help="how many checks run at once",
            group="Checking and judging",
            form=forms.whole(1, 10_000),
        ),
    ] = 10
    probe_refresh: Annotated[
        float,
        Setting(
            help="time between fetches of the assignments, if the leader does not hold the request",
            group="Checking and judging",
            form=forms.duration(1.0, 3600.0),
        ),
    ] = 30.0
    probe_spool: Annotated[
        int,
        Setting(
            help="how many results are kept while no leader accepts them",
            group="Checking and judging",
            form=forms.whole(1, 10_000_000),
        ),
    ] = 50_000
    insecure_skip_verify: Annotated[
        bool,
        Setting(help="do not verify the TLS certificates of targets", group="Checking and judging"),
    ] = False
    allow_private_targets: Annotated[
        bool,
        Setting(
            help="allow loopback, RFC 1918 and other private targets", group="Checking and judging"
        ),
    ] = False
    canaries: Annotated[
        tuple[str, ...],
        Setting(
            help="hosts or URLs that are asked to prove that this node's own network works",
            group="Checking and judging",
            form=forms.several(canary()),
        ),
    ] = ()
    log_level: Annotated[LogLevel, Setting(help="lowest level that is logged", group="Logging")] = (
        "info"
    )
    log_format: Annotated[LogFormat, Setting(help="format of the log", group="Logging")] = "text"

    @property
    def vantage(self) -> Vantage:
        """What this node may connect to, and whom it trusts."""
        return Vantage(
            allow_private=self.allow_private_targets, skip_verify=self.insecure_skip_verify
        )

    def problems(self) -> Iterator[Problem]:
        """An empty list of peers."""
        if not self.peer_url:
            yield Problem("peer_url", "must name at least one leader")

    def warnings(self) -> Iterator[tuple[str, str]]:
        """What may well be meant and yet deserves a line at start; and how to mend it."""
        if not self.cluster_secret and not self.node_key:
            line = "UPTOP_CLUSTER_SECRET is not set, nor UPTOP_NODE_KEY: the leader must be open"
            yield line, "set UPTOP_NODE_KEY to what `uptop-leader node add` prints"
        if any(url.lower().startswith("http:") for url in self.peer_url):
            line = "UPTOP_PEER_URL is http: results and credentials travel unencrypted"
            yield line, "let the leader, or a proxy before it, serve https"
        if self.allow_private_targets:
            line = "UPTOP_ALLOW_PRIVATE_TARGETS is on: monitors can reach this node's own network"
            yield line, "take it out where no target is in that network"
        if self.insecure_skip_verify:
            line = "UPTOP_INSECURE_SKIP_VERIFY is on: certificates of targets are not verified"
            yield line, "take it out; `ignore_tls` is for one monitor"
