"""The numbers in raw results mean for ever what they mean today."""

from __future__ import annotations

from uptop_core.outcomes import Reason
from uptop_leader.store.codes import CODES, REASONS

GIVEN = [
    "up",
    "dns_error",
    "nxdomain",
    "connect_refused",
    "connect_timeout",
    "no_route",
    "reset",
    "tls_error",
    "cert_expired",
    "timeout",
    "protocol_error",
    "status_mismatch",
    "condition_failed",
    "unexpected_answer",
    "redirect_error",
    "packet_loss",
    "reported_failure",
    "heartbeat_missed",
    "member_down",
    "blocked_target",
    "internal_error",
    "proxy_error",
]


def test_every_reason_has_a_code() -> None:
    assert CODES.keys() == {None, *Reason}
    assert len(REASONS) == len(CODES)


def test_codes_that_were_given_never_change() -> None:
    for code, name in enumerate(GIVEN):
        reason = REASONS[code]
        assert (reason.value if reason else "up") == name
