"""ntp: up means that a time server answers, knows the time, and is not too far from this clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.errors import CheckFailed
from uptop_core.host_check import HostCheck, IpVersion, Port
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from uptop_core.looks import Look


class NtpCheck(HostCheck, tag="ntp", frozen=True, kw_only=True, omit_defaults=True):
    """Asks `hostname`:`port` for the time.

    The monitor is down when the server says that it is not synchronised, or when its stratum is
    above `max_stratum`. With `max_offset` (seconds) it is also down when the server's clock
    differs by more from that of the node, which must itself be right. When the server asks to be
    asked less often, the monitor is UNKNOWN. `ip_version` 4 or 6 uses only addresses of that
    version; 0 uses the first address of either.

    Conditions can use `json(offset_ms)`, which may be wrong by half of `json(trip_ms)`,
    `json(stratum)`, `json(reference)`, and `json(root_ms)`: how far off the server believes itself
    to be.
    """

    example: ClassVar[str] = 'hostname: ntp.example.com, conditions: ["json(stratum) <= 3"]'

    port: Port = 123
    max_offset: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    max_stratum: Annotated[int, Meta(ge=1, le=15)] = 15
    ip_version: IpVersion = 0

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import ntp, resolve  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Ask and compare."""
        import msgspec

        from uptop_core.prober.ntp import ask_time
        from uptop_core.prober.resolve import resolve

        address = (await resolve(look, self.hostname, self.port, self.ip_version))[0]
        look.address = str(address)
        look.enter(Phase.FIRST_BYTE)
        answer = await ask_time(address, self.port)
        look.enter(None, answer.came_ns)
        offset_ms = answer.offset_ns / 1e6
        found = {
            "offset_ms": round(offset_ms, 3),
            "stratum": answer.stratum,
            "reference": answer.reference,
            "trip_ms": round(answer.trip_ns / 1e6, 3),
            "root_ms": round(answer.root_ns / 1e6, 3),
        }
        look.body = msgspec.json.encode(found)
        if answer.stratum > self.max_stratum:
            what = (
                f"the server is of stratum {answer.stratum}, at most {self.max_stratum} is allowed"
            )
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        if self.max_offset is not None and abs(offset_ms) > self.max_offset * 1000:
            order = "ahead of" if offset_ms > 0 else "behind"
            what = f"the server is {abs(offset_ms) / 1000:.3f} s {order} this node"
            raise CheckFailed(
                Reason.UNEXPECTED_ANSWER, f"{what}, at most {self.max_offset:g} s are allowed"
            )
