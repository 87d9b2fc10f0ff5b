"""One check in progress: what it has found so far, and when.

A check fills in a `Look` while it works; `run_check` makes the outcome of it, also when the check
was cut off by its deadline half-way.
"""

from __future__ import annotations

import time
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.outcomes import Reason, Timings
from uptop_core.prober.sockets import SharedSockets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uptop_core.outcomes import Certificate


class Vantage(Struct, frozen=True, kw_only=True):
    """The place a node looks from: what it may connect to and whom it trusts.

    `allow_private` lets checks reach loopback, RFC 1918 and other addresses that are not public
    (cloud metadata addresses are refused always). `skip_verify` turns off the verification of
    targets' TLS certificates. `ca_file` adds authorities (PEM) to the system's.
    """

    allow_private: bool = False
    skip_verify: bool = False
    ca_file: str | None = None


class Phase(StrEnum):
    """The parts of a look, in their usual order."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    FIRST_BYTE = "first_byte"
    TRANSFER = "transfer"


_DNS, _CONNECT, _TLS, _FIRST_BYTE, _TRANSFER = Phase  # to find them in an enum takes longer

_CUT_OFF = {
    Phase.DNS: (Reason.DNS_ERROR, "the name was not resolved within {0:g} s"),
    Phase.CONNECT: (Reason.CONNECT_TIMEOUT, "no connection within {0:g} s"),
    Phase.TLS: (Reason.TIMEOUT, "the TLS handshake was not done within {0:g} s"),
    Phase.FIRST_BYTE: (Reason.TIMEOUT, "no answer within {0:g} s"),
    Phase.TRANSFER: (Reason.TIMEOUT, "the answer was not complete within {0:g} s"),
}


class Look:
    """What a check has found so far. `enter` starts a phase and ends the one before.

    `status`, `headers`, `body`, `address`, `cert_end` (Unix ms), `chain`, `records` (DNS) and `ping_ns` are
    the facts that conditions read; a check sets those it has. `latency_ns`, once set, is the
    latency people see; else it is the sum of the phases. `when_cut_off`, once set, says what is
    told when the deadline passes; else the running phase is. `sockets` are shared with other looks;
    where none are given, whoever makes the look closes its own.
    """

    status: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    address: str | None = None
    cert_end: int | None = None
    chain: tuple[Certificate, ...] = ()
    records: Sequence[str] = ()
    latency_ns: int | None = None
    when_cut_off: Callable[[], tuple[Reason, str]] | None = None

    def __init__(
        self,
        vantage: Vantage,
        timeout_s: float,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
        sockets: SharedSockets | None = None,
    ) -> None:
        self.vantage = vantage
        self.timeout_s = timeout_s
        self.sockets = SharedSockets() if sockets is None else sockets
        self._clock_ns = clock_ns
        self._began = self._entered = clock_ns()
        self._phase: Phase | None = None
        self._spent: dict[Phase, int] = {}

    def enter(self, phase: Phase | None, at_ns: int | None = None) -> None:
        """Start `phase`, ending the running one; None only ends it.

        `at_ns`, by the clock of the look, is when that happened, if it was before now: what
        arrived is older than the moment at which a busy loop gets round to it.
        """
        now = self._clock_ns() if at_ns is None else max(at_ns, self._entered)
        if self._phase is not None:
            self._spent[self._phase] = self._spent.get(self._phase, 0) + now - self._entered
        self._phase, self._entered = phase, now

    def leave_out(self, ns: int) -> None:
        """Take so much out of the running phase: it was our own slowness."""
        self._entered += ns

    def left_s(self) -> float:
        """How many seconds are left until the deadline."""
        return max(0.0, self.timeout_s - (self._clock_ns() - self._began) / 1e9)

    def cut_off(self) -> tuple[Reason, str]:
        """The reason and detail when the deadline passed in the running phase."""
        if self.when_cut_off is not None:
            return self.when_cut_off()
        reason, sentence = _CUT_OFF[self._phase or Phase.FIRST_BYTE]
        return reason, sentence.format(self.timeout_s)

    def timings(self) -> Timings:
        """The phases so far; ends the running one. The total is that of the phases, so that what
        we did ourselves between them is not the target's latency.
        """
        if self._phase is not None:
            self.enter(None)
        spent = self._spent
        total = self.latency_ns
        if total is None:
            total = sum(spent.values()) if spent else self._clock_ns() - self._began
        return Timings(
            dns_ns=spent.get(_DNS),
            connect_ns=spent.get(_CONNECT),
            tls_ns=spent.get(_TLS),
            first_byte_ns=spent.get(_FIRST_BYTE),
            transfer_ns=spent.get(_TRANSFER),
            total_ns=total,
        )
