"""Who asks, and whether they may: the cluster secret, and API tokens with their roles (DESIGN 13)."""

from __future__ import annotations

from enum import IntEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

import anyio.to_thread
from msgspec import Struct

from uptop_core.wire import SECRET_HEADER, SECRET_HEADER_ALIAS
from uptop_leader.refusals import NotAllowed, NotAuthenticated
from uptop_leader.seal import same_secret, token_hash

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

    from uptop_core.forms import IpNetwork
    from uptop_leader.api.leader import Leader


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


class Caller(Struct, frozen=True):
    """Who asks: a name for the audit log, and a role."""

    name: str
    role: Role


class Access:
    """The door of the leader's HTTP surface."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._secret = leader.settings.cluster_secret
        self.trusted = leader.settings.trusted_proxies
        """Networks of proxies whose word for who asks is believed."""

    def check_secret(self, request: Request) -> bool:
        """Whether the request shows the cluster secret; NotAuthenticated if it shows a wrong one.

        Without a configured secret there is nothing to compare with, and none is shown.
        """
        headers = request.headers
        shown = headers.get(SECRET_HEADER) or headers.get(SECRET_HEADER_ALIAS)
        if not self._secret or not shown:
            return False
        if not same_secret(shown, self._secret):
            raise NotAuthenticated("the cluster secret is wrong")
        return True

    def node(self, request: Request) -> None:
        """Let a probe in: with the secret, or anybody where none is configured.

        An open leader listens on loopback, where any page in a browser of this machine can reach
        it; browsers name the page in `Origin`, and no probe does.
        """
        if self._secret:
            if not self.check_secret(request):
                raise NotAuthenticated(
                    f"the cluster secret is needed in the header {SECRET_HEADER}"
                )
        elif "origin" in request.headers:
            raise NotAllowed("web pages may not speak for a node")

    async def person(self, request: Request, role: Role) -> Caller:
        """Let somebody with at least `role` in; the cluster secret counts as admin."""
        if self.check_secret(request):
            return Caller("cluster", Role.ADMIN)
        token = bearer(request)
        if not token:
            raise NotAuthenticated(
                "an API token is needed: Authorization: Bearer <token>"
                + (f", or the cluster secret in {SECRET_HEADER}" if self._secret else "")
            )
        found = await anyio.to_thread.run_sync(
            self._leader.store.people.find_token, token_hash(token), self._leader.clock_now()
        )
        if found is None:
            raise NotAuthenticated("the API token is not known, or has expired")
        caller = Caller(found.name, Role[found.role.upper()])
        if caller.role < role:
            raise NotAllowed(
                f"this needs the role {role.name.lower()}, the token has {caller.role.name.lower()}"
            )
        return caller


def source_of(request: Request, trusted: Collection[IpNetwork]) -> str:
    """The address of who asks: that of the connection, or, where that is a trusted proxy's, the
    last one in X-Forwarded-For that is not.
    """
    source = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")
    for address in reversed([part.strip() for part in forwarded if part.strip()]):
        if not _is_within(source, trusted) or not _is_address(address):
            break
        source = address
    return source


def _is_within(address: str, networks: Collection[IpNetwork]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def bearer(request: Request) -> str:
    """The token in the Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
