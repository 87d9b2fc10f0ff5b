"""The names of all environment variables of all roles.

A leader and a probe may share one `.env`, and no role knows the other's settings, so this is
where a misspelt name is told from one that is meant for somebody else. A test compares it with the
models of the roles.
"""

from __future__ import annotations

_NAMES = """
    HTTP_HOST HTTP_PORT PORT DB_TYPE DB_DSN ADMIN_KEY KEYS SSH_HOST_KEY ENCRYPTION_KEY
    CLUSTER_SECRET STATUS_ENABLED STATUS_TITLE STATUS_REGIONS TLS_CERT TLS_KEY CLUSTER_MODE PEER_URL
    NODE_ID NODE_NAME NODE_REGION AGG_STRATEGY INSECURE_SKIP_VERIFY ALLOW_PRIVATE_TARGETS
    METRICS_PUBLIC CORS_ORIGIN PUBLIC_URL TRUSTED_PROXIES LEADER_CHECKS LEADER_CONCURRENCY
    PROBE_CONCURRENCY PROBE_REFRESH CANARIES NODE_KEY REQUIRE_NODE_KEYS FOLLOWER_MIRROR
    RETENTION_RAW RETENTION_5MIN RETENTION_HOUR TIMINGS DEADMAN_URL PROBE_SPOOL URL TOKEN
    LOG_LEVEL LOG_FORMAT
"""

VARIABLES: frozenset[str] = frozenset(f"UPTOP_{name}" for name in _NAMES.split())
