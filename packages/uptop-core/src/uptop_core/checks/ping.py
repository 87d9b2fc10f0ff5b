"""ping: up means that ICMP echoes come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import CheckFailed, Problem
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.echo import echo
from uptop_core.prober.resolve import resolve
from uptop_core.targets import host_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look


class PingCheck(Check, tag="ping", frozen=True, kw_only=True, omit_defaults=True):
    """Sends `count` echoes; down when more than `max_loss` percent of them are lost.

    The latency is the mean round trip of those that came back. `ip_version` is 4 or 6 to use only
    addresses of that version, 0 for the first address of either.
    """

    hostname: Annotated[str, Meta(min_length=1, max_length=253)]
    count: Annotated[int, Meta(ge=1, le=20)] = 1
    max_loss: Annotated[float, Meta(ge=0, lt=100)] = 0.0
    ip_version: Literal[0, 4, 6] = 0

    def host(self) -> str | None:
        """The host that is pinged."""
        return self.hostname

    def problems(self) -> Iterator[Problem]:
        """A host name that is none, or an address of another version."""
        wrong = host_problem(self.hostname, self.ip_version)
        if wrong is not None:
            yield Problem("hostname", wrong)

    async def run(self, look: Look) -> None:
        """Send and count."""
        address = (await resolve(look, self.hostname, 0, self.ip_version))[0]
        look.address = str(address)
        look.enter(Phase.FIRST_BYTE)
        trips = await echo(look, address, self.count)
        look.enter(None)
        if not trips:
            raise CheckFailed(Reason.TIMEOUT, f"none of {self.count} echoes came back")
        look.latency_ns = sum(trips) // len(trips)
        lost = self.count - len(trips)
        if lost * 100 > self.max_loss * self.count:
            raise CheckFailed(
                Reason.PACKET_LOSS,
                f"{lost} of {self.count} echoes were lost, at most {self.max_loss:g} % may be",
            )
