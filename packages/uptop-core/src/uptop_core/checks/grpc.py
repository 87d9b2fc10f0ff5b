"""grpc: up means that a gRPC server, or one of its services, says that it is SERVING."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.errors import CheckFailed, MissingExtra, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import IpVersion, Port, WarnedHostCheck, WarningDays
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.dialogue import Dialogue

_OURS = frozenset(
    {"te", "content-type", "user-agent", "grpc-timeout", "host", "connection", "content-length",
     "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"}
)  # fmt: skip


class GrpcCheck(WarnedHostCheck, tag="grpc", frozen=True, kw_only=True, omit_defaults=True):
    """Asks `hostname`:`port` by the health protocol of gRPC (`grpc.health.v1.Health/Check`).

    `service` is a name that the server knows; empty means the server as a whole. `metadata` is
    sent along with the call. `tls` encrypts the connection. `ignore_tls` does not verify the
    certificate. `expiry_threshold` warns that many days before the certificate ends; 0 never
    warns. `ip_version` 4 or 6 uses only addresses of that version; 0 uses both, and the one that
    answers first. The nodes that run this check need the extra `uptop-core[http2]`.

    Conditions can use `json(status)` ("SERVING").
    """

    example: ClassVar[str] = (
        "hostname: api.example.com, port: 443, tls: true, service: orders.v1.Orders"
    )

    secrets: ClassVar[tuple[str, ...]] = ("metadata",)

    port: Port
    service: Annotated[str, Meta(max_length=500)] = ""
    metadata: dict[str, str] = {}
    tls: bool = False
    ignore_tls: bool = False
    expiry_threshold: WarningDays = 7
    ip_version: IpVersion = 0

    def problems(self) -> Iterator[Problem]:
        """A host that is none, metadata that cannot be sent."""
        from uptop_core.prober.headers import header_problems

        yield from super().problems()
        for wrong in header_problems(self.metadata, _OURS, "belongs to the call"):
            yield Problem("metadata", wrong)

    def told(self) -> tuple[str | None, ...]:
        """The target, and with TLS nobody on the way to it."""
        return (self.hostname, str(self.port), str(self.tls))

    def prepare(self) -> None:
        """The engine. Raises MissingExtra where there is none."""
        try:
            from uptop_core.prober import dialogue, grpc  # noqa: F401  `run` imports from them
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "h2":
                raise
            raise MissingExtra("a grpc check", "uptop-core[http2]") from None

    async def run(self, look: Look) -> None:
        """Connect, ask, compare."""
        import msgspec

        from uptop_core.prober.dialogue import dialogue
        from uptop_core.prober.grpc import SERVING, STATUSES, Call, ask_health

        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        async with dialogue(look, self.hostname, self.port, self.ip_version) as talk:
            if self.tls:
                await self._secure(look, talk)
            call = Call(
                scheme="https" if self.tls else "http",
                authority=f"{host}:{self.port}",
                service=self.service,
                metadata=self.metadata,
                timeout_s=look.left_s(),
            )
            talk.listen(look)
            status = await ask_health(talk, call)
            talk.end(look)
        name = STATUSES[status] if status < len(STATUSES) else str(status)
        look.body = msgspec.json.encode({"status": name})
        if status != SERVING:
            what = escape(self.service, 80) or "the server"
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, f"{what} says {name}, expected SERVING")

    async def _secure(self, look: Look, talk: Dialogue) -> None:
        from anyio.streams.tls import TLSAttribute

        secured = await talk.secure(
            look, self.hostname, self.port, ignore_tls=self.ignore_tls, alpn=("h2",)
        )
        if secured.extra(TLSAttribute.alpn_protocol) != "h2":
            raise CheckFailed(Reason.PROTOCOL_ERROR, "the target does not speak HTTP/2")
