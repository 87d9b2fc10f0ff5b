"""What is allowed and yet should be known when a leader starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.settings import LeaderSettings


def warnings(settings: LeaderSettings) -> list[tuple[str, str]]:
    """Of each one line, and how to mend it."""
    found = []
    if not settings.cluster_secret and not settings.require_node_keys:
        line = (
            "no UPTOP_CLUSTER_SECRET: whoever reaches the probe endpoints can report results;"
            f" listening on {settings.effective_http_host}"
        )
        found.append((line, "no matter without probes; for them set it: `openssl rand -hex 32`"))
    elif not settings.has_tls and not _is_behind_a_proxy(settings):
        line = (
            "cluster without TLS: secret and results cross the network in clear unless a proxy"
            " in front serves HTTPS (UPTOP_TLS_CERT, UPTOP_TLS_KEY)"
        )
        found.append((line, "set both, or have that proxy"))
    if not settings.encryption_key:
        line = "no UPTOP_ENCRYPTION_KEY: credentials are stored in clear in the database"
        found.append((line, "set it: `openssl rand -hex 32`; then `uptop-leader migrate-secrets`"))
    if settings.allow_private_targets:
        line = "UPTOP_ALLOW_PRIVATE_TARGETS: checks may reach private and loopback addresses"
        found.append((line, "take it out where no target is in your own network"))
    if settings.keys is not None and settings.keys.stat().st_mode & 0o022:
        line = f"UPTOP_KEYS: {settings.keys} can be written by others, who let themselves in"
        found.append((line, f"chmod go-w {settings.keys}"))
    if settings.insecure_skip_verify:
        line = "UPTOP_INSECURE_SKIP_VERIFY: TLS certificates of targets are not verified"
        found.append((line, "take it out; `ignore_tls` is for one monitor"))
    return found


def _is_behind_a_proxy(settings: LeaderSettings) -> bool:
    """Whether it is reached from this machine only, and from outside by HTTPS: so by a proxy here."""
    host = settings.effective_http_host
    is_here = host in ("::1", "localhost") or host.startswith("127.")
    return is_here and settings.public_url.startswith("https:")
