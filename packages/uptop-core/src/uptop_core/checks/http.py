"""http: up means that the answer meets the expectations, within the timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar
from urllib.parse import urlsplit

from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look


class HttpCheck(Check, tag="http", frozen=True, kw_only=True, omit_defaults=True):
    """Asks a URL. Defaults: GET, status 200-299, up to 10 redirects, certificates verified.

    `accepted_codes` is a comma-separated list of codes and ranges. `username` and `password` are
    basic auth, `bearer` a token. `check_ssl` warns `expiry_threshold` days before the certificate
    ends. `follow_redirects` is how many are followed; 0 follows none.
    """

    secrets: ClassVar[tuple[str, ...]] = ("password", "bearer", "headers")

    url: str
    method: Annotated[str, Meta(pattern="^[A-Z]{1,20}$")] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    username: str = ""
    password: str = ""
    bearer: str = ""
    accepted_codes: str = "200-299"
    follow_redirects: Annotated[int, Meta(ge=0, le=30)] = 10
    ignore_tls: bool = False
    check_ssl: bool = False
    expiry_threshold: Annotated[int, Meta(ge=1, le=365)] = 7

    def host(self) -> str | None:
        """The host of the URL."""
        return urlsplit(self.url).hostname

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, codes that cannot be read."""
        yield from ()

    async def run(self, look: Look) -> None:
        """Ask, follow, compare."""
        raise NotImplementedError
