"""port: up means that TCP connects; optionally TLS is shaken, something sent, something expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from uptop_core.check import Check

if TYPE_CHECKING:
    from uptop_core.looks import Look


class PortCheck(Check, tag="port", frozen=True, kw_only=True, omit_defaults=True):
    """Connects to `hostname`:`port`; with `tls` shakes hands; sends `send`; awaits `expect`."""

    hostname: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    tls: bool = False
    ignore_tls: bool = False
    send: str = ""
    expect: str = ""

    def host(self) -> str | None:
        """The host that is connected to."""
        return self.hostname

    async def run(self, look: Look) -> None:
        """Connect, and go as far as asked."""
        raise NotImplementedError
