"""What a check found: up, or down with a reason, and how long each part took."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

DETAIL_LIMIT = 256  # characters of `Outcome.detail`
SAMPLE_LIMIT = 1024  # bytes of a failing body that may be kept as evidence


class Reason(StrEnum):
    """Why a check did not find its target up."""

    DNS_ERROR = "dns_error"  # the name could not be resolved just now
    NXDOMAIN = "nxdomain"  # the name does not exist
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    NO_ROUTE = "no_route"
    RESET = "reset"
    TLS_ERROR = "tls_error"
    CERT_EXPIRED = "cert_expired"
    TIMEOUT = "timeout"
    PROTOCOL_ERROR = "protocol_error"
    STATUS_MISMATCH = "status_mismatch"
    CONDITION_FAILED = "condition_failed"
    UNEXPECTED_ANSWER = "unexpected_answer"
    REDIRECT_ERROR = "redirect_error"
    PROXY_ERROR = "proxy_error"  # the monitor's own proxy did not connect to the target
    PACKET_LOSS = "packet_loss"
    REPORTED_FAILURE = "reported_failure"  # a push job said that it failed
    HEARTBEAT_MISSED = "heartbeat_missed"
    MEMBER_DOWN = "member_down"
    BLOCKED_TARGET = "blocked_target"  # the target guard refused: a configuration error
    INTERNAL_ERROR = "internal_error"  # our own fault: says nothing about the target

    @property
    def abstains(self) -> bool:
        """True for reasons that say nothing about the target, so that they are no vote."""
        return self in (Reason.BLOCKED_TARGET, Reason.INTERNAL_ERROR)

    @property
    def is_network(self) -> bool:
        """True for reasons that the node's own line could have caused."""
        return self in (Reason.DNS_ERROR, Reason.CONNECT_TIMEOUT, Reason.TIMEOUT, Reason.NO_ROUTE)


# Of what comes from outside: no more than every database and every other reader can hold.
_Nanoseconds = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]


class Timings(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How long each phase took, in nanoseconds; None where the phase did not happen.

    Over redirects a phase is the sum over all hops. `total_ns` is the whole look.
    """

    dns_ns: _Nanoseconds | None = None
    connect_ns: _Nanoseconds | None = None
    tls_ns: _Nanoseconds | None = None
    first_byte_ns: _Nanoseconds | None = None
    transfer_ns: _Nanoseconds | None = None
    total_ns: _Nanoseconds = 0


class Certificate(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a certificate says: whose it is and by whom ("CN=…, O=…, C=…"), `end` in Unix
    milliseconds UTC, and the host names and addresses that it is for (at most 20).
    """

    subject: str
    issuer: str
    end: int
    names: tuple[str, ...] = ()


class FailedCondition(Struct, frozen=True, omit_defaults=True, gc=False):
    """A condition that did not hold: its text, what was found instead, and whether it is soft."""

    text: str
    found: str
    soft: bool = False


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one check found.

    `reason` is None exactly when `up`. `detail` is for people: at most 256 characters, no secrets.
    `cert_end` is Unix milliseconds UTC; `chain` is what the target sent of certificates, its own
    first, whether or not they were verified. `failed` lists the conditions that did not hold; an
    outcome that is up may carry soft ones, and is then `degraded`. `sample` is the start of a
    failing body (at most 1 KiB), for evidence.
    """

    up: bool
    reason: Reason | None = None
    detail: str = ""
    timings: Timings = Timings()
    status_code: int | None = None
    address: str | None = None
    cert_end: int | None = None
    chain: tuple[Certificate, ...] = ()
    failed: tuple[FailedCondition, ...] = ()
    sample: str | None = None

    @property
    def degraded(self) -> bool:
        """True when the target is up but a soft condition fails."""
        return self.up and any(condition.soft for condition in self.failed)

    @property
    def abstains(self) -> bool:
        """True when this says nothing about the target (see `Reason.abstains`)."""
        return self.reason is not None and self.reason.abstains
