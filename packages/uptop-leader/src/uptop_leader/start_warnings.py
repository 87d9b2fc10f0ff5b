"""What is allowed and yet should be known when a leader starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.settings import LeaderSettings


def warnings(settings: LeaderSettings) -> list[str]:
    """One line for each."""
    found = []
    if not settings.cluster_secret and not settings.require_node_keys:
        found.append(
            "no UPTOP_CLUSTER_SECRET: whoever reaches the probe endpoints can report results;"
            f" listening on {settings.effective_http_host}"
        )
    elif not settings.has_tls:
        found.append(
            "cluster without TLS: secret and results cross the network in clear unless a proxy"
            " in front serves HTTPS (UPTOP_TLS_CERT, UPTOP_TLS_KEY)"
        )
    if not settings.encryption_key:
        found.append(
            "no UPTOP_ENCRYPTION_KEY: channel credentials are stored in clear in the database"
        )
    if settings.allow_private_targets:
        found.append("UPTOP_ALLOW_PRIVATE_TARGETS: checks may reach private and loopback addresses")
    if settings.keys is not None and settings.keys.stat().st_mode & 0o022:
        found.append(f"UPTOP_KEYS: {settings.keys} can be written by others, who let themselves in")
    if settings.insecure_skip_verify:
        found.append("UPTOP_INSECURE_SKIP_VERIFY: TLS certificates of targets are not verified")
    return found
