"""What checks have in common that look at a host, given by name, address or URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

HostName = Annotated[str, Meta(min_length=1, max_length=253)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
IpVersion = Literal[0, 4, 6]
"""0 is either."""
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
WarningDays = Annotated[int, Meta(ge=0, le=365)]
"""Days before the end of a certificate; 0 warns never."""


class HostCheck(Check, frozen=True, kw_only=True, omit_defaults=True):
    """Looks at `hostname`, by addresses of one version of IP or of both."""

    hostname: HostName
    if TYPE_CHECKING:  # each kind declares it where it stands among its own fields
        ip_version: IpVersion

    def host(self) -> str | None:
        """The host that is looked at."""
        return self.hostname

    def problems(self) -> Iterator[Problem]:
        """A host that is none, or an address of the other version."""
        from uptop_core.targets import host_problem

        if (wrong := host_problem(self.hostname, self.ip_version)) is not None:
            yield Problem("hostname", wrong)


class WarnedHostCheck(HostCheck, frozen=True, kw_only=True, omit_defaults=True):
    """One of a host that may show a certificate, before the end of which people are warned."""

    if TYPE_CHECKING:  # as above
        expiry_threshold: WarningDays

    def certificate_warning_days(self) -> int | None:
        """As `expiry_threshold` says."""
        return self.expiry_threshold or None


def origin_of(url: str) -> str:
    """Scheme, host and port that a URL names, as far as it does: who comes to know what is sent there."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname}:{port}"


def host_of(url: str) -> str | None:
    """The host that a URL names; None where it names none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
