"""The small numbers that stand for reasons in raw results. A number that was given never changes.

How a result bears on the past is said by the range its number is in: 0 to 31 is for one that counts
in full, then 32 numbers for each other bearing.
"""

from __future__ import annotations

from uptop_core.outcomes import Reason
from uptop_leader.changes import Bearing

UP = 0
_RANGE = 32

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
    Reason.PROXY_ERROR: 21,
}

REASONS: dict[int, Reason | None] = {code: reason for reason, code in CODES.items()}

UPS = frozenset(UP + _RANGE * bearing for bearing in Bearing)
"""Codes of results that are up."""

UNPLACED = frozenset(code + _RANGE * Bearing.UNPLACED for code in CODES.values())
"""Codes of results whose moment is not sure."""

SILENT = frozenset(
    code + _RANGE * bearing
    for reason, code in CODES.items()
    for bearing in Bearing
    if reason is not None and (reason.abstains or bearing is Bearing.ISOLATED)
)
"""Codes of results that say nothing about the target: no rollup counts them."""


def code_of(reason: Reason | None, bearing: Bearing) -> int:
    """The number of a reason (None: up) and a bearing."""
    return CODES[reason] + _RANGE * bearing


def meaning_of(code: int) -> tuple[Reason | None, Bearing]:
    """What a number says."""
    bearing, reason = divmod(code, _RANGE)
    return REASONS[reason], Bearing(bearing)
