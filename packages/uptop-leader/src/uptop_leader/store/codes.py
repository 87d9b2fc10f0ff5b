"""The small numbers that stand for reasons in raw results. A number that was given never changes."""

from __future__ import annotations

from uptop_core.outcomes import Reason

UP = 0

CODES: dict[Reason | None, int] = {
    None: UP,
    Reason.DNS_ERROR: 1,
    Reason.NXDOMAIN: 2,
    Reason.CONNECT_REFUSED: 3,
    Reason.CONNECT_TIMEOUT: 4,
    Reason.NO_ROUTE: 5,
    Reason.RESET: 6,
    Reason.TLS_ERROR: 7,
    Reason.CERT_EXPIRED: 8,
    Reason.TIMEOUT: 9,
    Reason.PROTOCOL_ERROR: 10,
    Reason.STATUS_MISMATCH: 11,
    Reason.CONDITION_FAILED: 12,
    Reason.UNEXPECTED_ANSWER: 13,
    Reason.REDIRECT_ERROR: 14,
    Reason.PACKET_LOSS: 15,
    Reason.REPORTED_FAILURE: 16,
    Reason.HEARTBEAT_MISSED: 17,
    Reason.MEMBER_DOWN: 18,
    Reason.BLOCKED_TARGET: 19,
    Reason.INTERNAL_ERROR: 20,
}

REASONS: dict[int, Reason | None] = {code: reason for reason, code in CODES.items()}

SILENT = frozenset(code for reason, code in CODES.items() if reason is not None and reason.abstains)
"""Codes of results that say nothing about the target: no rollup counts them."""
