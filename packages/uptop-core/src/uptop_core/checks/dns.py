"""dns: up means that the answer has the expected rcode, and the expected records if any are given."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar, Literal

from uptop_core.check import Check
from uptop_core.errors import CheckFailed, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import HostName
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.dns_records import comparable, name_problem, parse_server, record_problem
from uptop_core.prober.resolve import guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.dns_records import Server


class DnsCheck(Check, tag="dns", frozen=True, kw_only=True, omit_defaults=True):
    """Asks `dns_server` (default: the system's) for `hostname`; there must be records of that type.

    `dns_server` is an address, with `:port` or `[v6]:port` if the port is not 53. With `expected`,
    every one of these records must be among the answers. With the type PTR, `hostname` may be an
    address. If `rcode` is not NOERROR, that code must come.
    """

    example: ClassVar[str] = (
        'hostname: example.com, dns_resolve_type: MX, dns_server: 9.9.9.9, expected: ["10 mail.example.com"]'
    )

    hostname: HostName
    dns_resolve_type: Literal[
        "A", "AAAA", "MX", "CNAME", "TXT", "NS", "SOA", "SRV", "PTR", "CAA"
    ] = "A"
    dns_server: str = ""
    expected: tuple[str, ...] = ()
    rcode: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] = "NOERROR"

    def host(self) -> str | None:
        """The name that is asked for."""
        return self.hostname

    def problems(self) -> Iterator[Problem]:
        """A server, name or record that cannot be read, and expectations that exclude each other."""
        if self.dns_server:
            try:
                parse_server(self.dns_server)
            except ValueError as error:
                yield Problem("dns_server", str(error))
        wrong = name_problem(self.hostname) or self._address_problem()
        if wrong is not None:
            yield Problem("hostname", wrong)
        for place, record in enumerate(self.expected):
            wrong = record_problem(record, self.dns_resolve_type)
            if wrong is not None:
                yield Problem(f"expected[{place}]", wrong)
        if self.expected and self.rcode != "NOERROR":
            yield Problem("expected", f"there are no records to expect with rcode {self.rcode}")

    async def run(self, look: Look) -> None:
        """Ask and compare."""
        from uptop_core.prober.ask_dns import ask, make_question, system_servers, written_server

        if self.dns_server:
            servers: list[Server] = [written_server(self.dns_server)]
            guard([servers[0].address], look.vantage)
        else:
            servers = system_servers()
        try:
            question = make_question(self.hostname, self.dns_resolve_type)
        except ValueError as error:
            raise CheckFailed(Reason.NXDOMAIN, str(error)) from error
        look.enter(Phase.FIRST_BYTE)
        answer = await ask(look, question, servers)
        look.enter(None)
        self._judge_code(answer.code)
        if self.rcode == "NOERROR":
            look.records = answer.records
            self._judge_records(answer.records, answer.alias)

    def _address_problem(self) -> str | None:
        try:
            ip_address(self.hostname)
        except ValueError:
            return None
        if self.dns_resolve_type == "PTR":
            return None
        return f"an address has records of type PTR only, not {self.dns_resolve_type}"

    def _judge_code(self, found: str) -> None:
        if found == self.rcode:
            return
        if found == "NXDOMAIN":
            raise CheckFailed(Reason.NXDOMAIN, f"{escape(self.hostname, 100)} does not exist")
        reason = Reason.DNS_ERROR if found == "SERVFAIL" else Reason.UNEXPECTED_ANSWER
        what = f"the DNS server answered {found}, expected {self.rcode}"
        raise CheckFailed(reason, what)

    def _judge_records(self, found: tuple[str, ...], alias: str) -> None:
        kind = self.dns_resolve_type
        if not found:
            what = f"{escape(self.hostname, 100)} has no records of type {kind}"
            if alias:
                what += f"; it is an alias of {escape(alias, 100)}, of which the answer has none"
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        wanted = (comparable(record, kind) for record in self.expected)
        missing = [record for record in wanted if record not in found]
        if missing:
            raise CheckFailed(
                Reason.UNEXPECTED_ANSWER,
                f"not among the records: {escape(', '.join(missing), 100)};"
                f" found {escape(', '.join(found), 100)}",
            )
