"""tls: up means that a TLS handshake succeeds, with a valid certificate and a protocol new enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from uptop_core.errors import CheckFailed, Problem
from uptop_core.host_check import IpVersion, Port, WarnedHostCheck, WarningDays
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyio.streams.tls import TLSStream

    from uptop_core.looks import Look

_VERSIONS = {"1.2": ("TLSv1.2", "TLSv1.3"), "1.3": ("TLSv1.3",)}


class TlsCheck(WarnedHostCheck, tag="tls", frozen=True, kw_only=True, omit_defaults=True):
    """Connects to `hostname`:`port` and shakes hands; nothing is asked after that.

    `starttls` first switches to TLS the way mail servers (`smtp`, `imap`) or `postgres` do.
    `server_name` is the name that is asked for, and that the certificate must be for (default:
    `hostname`). `min_version` is the oldest protocol that is accepted. `ignore_tls` does not
    verify the certificate. `expiry_threshold` warns that many days before the certificate, or one
    in its chain, ends; 0 never warns. `ip_version` 4 or 6 uses only addresses of that version;
    0 uses both, and the one that answers first.

    Conditions can use `json(protocol)` ("TLSv1.3"), `json(cipher)` and `json(bits)`.
    """

    example: ClassVar[str] = (
        "hostname: mail.example.com, port: 587, starttls: smtp, expiry_threshold: 21"
    )

    port: Port = 443
    starttls: Literal["none", "smtp", "imap", "postgres"] = "none"
    server_name: Annotated[str, Meta(max_length=253)] = ""
    min_version: Literal["1.2", "1.3"] = "1.2"
    ignore_tls: bool = False
    expiry_threshold: WarningDays = 7
    ip_version: IpVersion = 0

    def usual_timeout_s(self) -> float:
        """Mail servers let who comes wait some seconds, since spammers do not."""
        return 15.0 if self.starttls == "smtp" else 5.0

    def problems(self) -> Iterator[Problem]:
        """Hosts that are none."""
        from uptop_core.targets import host_problem

        yield from super().problems()
        if self.server_name and (wrong := host_problem(self.server_name)) is not None:
            yield Problem("server_name", wrong)

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import dialogue, starttls  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Connect, agree on TLS if that takes words, shake hands, compare."""
        from uptop_core.prober.dialogue import dialogue
        from uptop_core.prober.starttls import OPENINGS

        opening = OPENINGS.get(self.starttls)
        async with dialogue(look, self.hostname, self.port, self.ip_version) as talk:
            if opening is not None:
                talk.listen(look)
                await opening(talk)
                talk.end(look)
            secured = await talk.secure(
                look,
                self.server_name or self.hostname,
                self.port,
                ignore_tls=self.ignore_tls,
                opening=opening,
            )
            self._judge(look, secured)

    def _judge(self, look: Look, secured: TLSStream) -> None:
        import msgspec
        from anyio.streams.tls import TLSAttribute

        protocol = secured.extra(TLSAttribute.tls_version)
        cipher, _, bits = secured.extra(TLSAttribute.cipher)
        look.body = msgspec.json.encode({"protocol": protocol, "cipher": cipher, "bits": bits})
        if protocol not in _VERSIONS[self.min_version]:
            what = f"the target speaks {protocol}, expected at least TLSv{self.min_version}"
            raise CheckFailed(Reason.TLS_ERROR, what)
