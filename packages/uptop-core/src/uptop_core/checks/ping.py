"""ping: up means that ICMP echoes come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from uptop_core.check import Check

if TYPE_CHECKING:
    from uptop_core.looks import Look


class PingCheck(Check, tag="ping", frozen=True, kw_only=True, omit_defaults=True):
    """Sends `count` echoes; down when more than `max_loss` percent of them are lost."""

    hostname: Annotated[str, Meta(min_length=1, max_length=253)]
    count: Annotated[int, Meta(ge=1, le=20)] = 1
    max_loss: Annotated[float, Meta(ge=0, lt=100)] = 0.0

    def host(self) -> str | None:
        """The host that is pinged."""
        return self.hostname

    async def run(self, look: Look) -> None:
        """Send and count."""
        raise NotImplementedError
