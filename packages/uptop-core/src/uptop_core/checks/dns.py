"""dns: up means that the answer meets the expectations: the rcode, and the records if given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from uptop_core.check import Check

if TYPE_CHECKING:
    from uptop_core.looks import Look


class DnsCheck(Check, tag="dns", frozen=True, kw_only=True, omit_defaults=True):
    """Asks `dns_server` (default: the system's) for `hostname`.

    `dns_server` is an address, with `:port` or `[v6]:port` if it is not 53. With `expected` every
    one of these records must be among the answers.
    """

    hostname: Annotated[str, Meta(min_length=1, max_length=253)]
    dns_resolve_type: Literal[
        "A", "AAAA", "MX", "CNAME", "TXT", "NS", "SOA", "SRV", "PTR", "CAA"
    ] = "A"
    dns_server: str = ""
    expected: tuple[str, ...] = ()
    rcode: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] = "NOERROR"

    def host(self) -> str | None:
        """The name that is asked for."""
        return self.hostname

    async def run(self, look: Look) -> None:
        """Ask and compare."""
        raise NotImplementedError
