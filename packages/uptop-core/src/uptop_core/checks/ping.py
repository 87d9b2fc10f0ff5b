"""ping: up means that ICMP echoes come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.errors import CheckFailed
from uptop_core.host_check import HostCheck, IpVersion
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.echo import echo
from uptop_core.prober.resolve import resolve

if TYPE_CHECKING:
    from uptop_core.looks import Look


class PingCheck(HostCheck, tag="ping", frozen=True, kw_only=True, omit_defaults=True):
    """Sends `count` echoes; down when more than `max_loss` percent of them are lost.

    The latency is the mean round trip of the echoes that came back. `ip_version` 4 or 6 uses only
    addresses of that version; 0 uses the first address of either.
    """

    example: ClassVar[str] = "hostname: gateway.example.com, count: 3"

    count: Annotated[int, Meta(ge=1, le=20)] = 1
    max_loss: Annotated[float, Meta(ge=0, lt=100)] = 0.0
    ip_version: IpVersion = 0

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
