"""domain: up means that a domain is registered, and not about to expire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import CheckFailed, Problem
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.rdap import Registration

IANA = "https://data.iana.org/rdap/dns.json"
_DAY_S = 86_400
_NOT_FOUND = 404


class DomainCheck(Check, tag="domain", frozen=True, kw_only=True, omit_defaults=True):
    """Asks by RDAP, over https, when the registration of `domain` ends.

    The interval is at least an hour, and a day is enough: registries refuse clients that ask more
    often.

    The monitor is down when the domain is not registered, has lapsed, is on hold, or ends within
    `expiry_threshold` days (with 0, when it has ended). When the registry cannot be asked, or does
    not publish the end (some do not), the monitor is UNKNOWN, not down.

    `server` is the URL of the RDAP server to ask; by default it is looked up in IANA's registry,
    or in the one at the URL `bootstrap`.

    Conditions can use `json(days)` until the end, `json(ends)` (a date) and the list
    `json(status)`.
    """

    example: ClassVar[str] = "domain: example.com, interval: 86400, expiry_threshold: 30"

    least_interval_s: ClassVar[float] = 3600.0

    domain: Annotated[str, Meta(min_length=1, max_length=253)]
    expiry_threshold: Annotated[int, Meta(ge=0, le=365)] = 14
    server: str = ""
    bootstrap: str = IANA

    def host(self) -> str | None:
        """The domain itself."""
        return self.domain

    def usual_timeout_s(self) -> float:
        """Two servers are asked in turn, and registries take their time."""
        return 15.0

    def problems(self) -> Iterator[Problem]:
        """A name that is no domain, URLs that cannot be asked."""
        from uptop_core.prober.urls import url_problem
        from uptop_core.targets import host_problem, parse_host

        wrong = host_problem(self.domain)
        if wrong is None and (parse_host(self.domain) or "." not in self.domain.strip(".")):
            wrong = 'must be a domain such as "example.com"'
        if wrong is not None:
            yield Problem("domain", wrong)
        for field, url in (("server", self.server), ("bootstrap", self.bootstrap)):
            if (url or field == "bootstrap") and (wrong := url_problem(url)) is not None:
                yield Problem(field, wrong)

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.checks.http import HttpCheck
        from uptop_core.prober import rdap  # noqa: F401  `run` imports from it

        HttpCheck(url=self.bootstrap).prepare()

    async def run(self, look: Look) -> None:
        """Find the server, ask it, compare."""
        from uptop_core.looks import Phase
        from uptop_core.targets import ascii_name

        try:
            name = ascii_name(self.domain)
        except ValueError as error:
            raise CheckFailed(Reason.NXDOMAIN, str(error)) from error
        look.when_cut_off = lambda: (
            Reason.INTERNAL_ERROR,
            f"nothing is known of {name}: no answer of a registry within {look.timeout_s:g} s",
        )
        look.enter(Phase.FIRST_BYTE)
        registration = await self._ask(look, name)
        look.enter(None)
        self._judge(look, name, registration, time.time())

    async def _ask(self, look: Look, name: str) -> Registration:
        from uptop_core.prober.rdap import NotRdap, find_server, read_registration

        where = self.server
        try:
            if not where:
                where = self.bootstrap
                _, registry = await _get(look, where)
                server = find_server(registry, name)
                if server is None:
                    raise _unknown(name, "its registry has no RDAP server")
                where = server
            status, answer = await _get(look, f"{where.rstrip('/')}/domain/{name}", "200,404")
            if status == _NOT_FOUND:
                raise _not_registered(name, answer, where)
            return read_registration(answer, name)
        except NotRdap as error:
            raise _unknown(name, f"the answer of {_host(where)} is of no use: {error}") from error
        except _NotAsked as error:
            raise _unknown(name, f"{_host(where)}: {error}") from error

    def _judge(self, look: Look, name: str, found: Registration, now: float) -> None:
        from datetime import UTC, datetime

        import msgspec

        days, date = None, None
        if found.ends is not None:
            days = (found.ends - now) / _DAY_S
            date = f"{datetime.fromtimestamp(found.ends, UTC):%Y-%m-%d}"
        facts = {"days": days, "ends": date, "status": found.statuses}
        look.body = msgspec.json.encode(facts)
        if found.lost is not None:
            what = f'the registration of {name} has the status "{found.lost}"'
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        if days is None:
            if self.expiry_threshold:
                raise _unknown(name, "its registry does not tell when the registration ends")
        elif days <= 0:
            what = f"the registration of {name} ended on {date}"
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        elif days < self.expiry_threshold:
            what = f"the registration of {name} ends on {date}, in {days:.1f} days"
            what += f", expected at least {self.expiry_threshold}"
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)


class _NotAsked(Exception):
    """Raised when a server of the registry could not be asked; the text says why."""


async def _get(look: Look, url: str, accepted_codes: str = "200") -> tuple[int, bytes]:
    """Status and body. It is looked at aside: the certificate met there is not the domain's."""
    from uptop_core.checks.http import HttpCheck
    from uptop_core.looks import Look

    aside = Look(look.vantage, look.left_s())
    headers = {"Accept": "application/rdap+json, application/json"}
    try:
        check = HttpCheck(url=url, headers=headers, accepted_codes=accepted_codes)
        await check.run(aside)
    except CheckFailed as error:
        if error.reason is Reason.BLOCKED_TARGET:
            raise
        raise _NotAsked(error.detail) from error
    finally:
        aside.sockets.close()
    return aside.status or 0, aside.body


def _not_registered(name: str, answer: bytes, where: str) -> CheckFailed:
    """What is not found has no answer, or one of RDAP; a page says that the URL is wrong."""
    if answer.lstrip()[:1] == b"<":
        return _unknown(
            name, f"{_host(where)}: HTTP 404 with a web page, expected an answer of RDAP"
        )
    what = f"{name} is not registered"
    if name.count(".") > 1:
        what += "; registered is, if anything, what is above it: write that as the domain"
    return CheckFailed(Reason.NXDOMAIN, what)


def _unknown(name: str, why: str) -> CheckFailed:
    """The domain may be well: a registry that is away says nothing about it."""
    return CheckFailed(Reason.INTERNAL_ERROR, f"nothing is known of {name}: {why}")


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or "the registry"
