"""smtp: up means that a mail server greets and answers EHLO, also after STARTTLS if that is chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from uptop_core.errors import CheckFailed, Problem
from uptop_core.host_check import IpVersion, Port, WarnedHostCheck, WarningDays
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.dialogue import Dialogue

_NAME = re.compile(r"[0-9A-Za-z.:\[\]_-]+")  # a domain or an address literal (RFC 5321, 4.1.3)


class SmtpCheck(WarnedHostCheck, tag="smtp", frozen=True, kw_only=True, omit_defaults=True):
    """Connects to `hostname`:`port`, awaits the banner (220), says EHLO with the name `ehlo` (250).

    `tls` is `none`, `starttls` (after EHLO, which is then sent again) or `implicit` (from the
    first byte, as on port 465). `ignore_tls` does not verify the certificate. `expiry_threshold`
    warns that many days before the certificate ends; 0 never warns. `expect` is a text that the
    banner must contain. No mail is sent. The timeout is 15 s unless set, since mail servers make
    clients wait. `ip_version` 4 or 6 uses only addresses of that version; 0 uses both, and the one
    that answers first.

    Conditions can use `json(banner)`, and the list `json(extensions)` of the last answer to EHLO.
    """

    example: ClassVar[str] = "hostname: mail.example.com, port: 587"

    port: Port = 25
    tls: Literal["none", "starttls", "implicit"] = "none"
    ehlo: Annotated[str, Meta(min_length=1, max_length=253)] = "localhost"
    expect: Annotated[str, Meta(max_length=500)] = ""
    ignore_tls: bool = False
    expiry_threshold: WarningDays = 7
    ip_version: IpVersion = 0

    def usual_timeout_s(self) -> float:
        """Mail servers let who comes wait some seconds, since spammers do not."""
        return 15.0

    def problems(self) -> Iterator[Problem]:
        """A host that is none, a name that cannot be said."""
        yield from super().problems()
        if not _NAME.fullmatch(self.ehlo):
            yield Problem("ehlo", "must be a host name, or an address in brackets")

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import dialogue, smtp  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Greet, encrypt if that is wanted, compare."""
        from uptop_core.prober.dialogue import dialogue

        async with dialogue(look, self.hostname, self.port, self.ip_version) as talk:
            if self.tls == "implicit":
                await talk.secure(look, self.hostname, self.port, ignore_tls=self.ignore_tls)
            await self._talk(look, talk)

    async def _talk(self, look: Look, talk: Dialogue) -> None:
        import msgspec

        from uptop_core.prober import smtp
        from uptop_core.prober.starttls import OPENINGS

        talk.listen(look)
        banner, offered = await smtp.greet(talk, self.ehlo)
        if self.tls == "starttls":
            await smtp.start_tls(talk, offered)
            talk.end(look)
            await talk.secure(
                look,
                self.hostname,
                self.port,
                ignore_tls=self.ignore_tls,
                opening=OPENINGS["smtp"],
            )
            talk.listen(look)
            offered = await smtp.ehlo(talk, self.ehlo)
        talk.end(look)
        look.body = msgspec.json.encode(
            {"banner": banner, "extensions": sorted(offered.extensions)}
        )
        await smtp.leave(talk)
        if self.expect not in banner:
            from uptop_core.escaping import escape

            what = f'"{escape(self.expect, 60)}" is not in the banner "{escape(banner, 100)}"'
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
