"""Who asks, and whether they may: the cluster secret, node keys, and API tokens with their roles
(DESIGN 13). How often anybody may ask is counted here too, where it is known who it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

import anyio.to_thread
from msgspec import Struct

from uptop_core.wire import SECRET_HEADER, SECRET_HEADER_ALIAS
from uptop_leader.api.limits import NODE, PERSON, Limits
from uptop_leader.api.misuse import Misuse
from uptop_leader.node_keys import BEGINS, KeyBook
from uptop_leader.passes import Passes
from uptop_leader.refusals import NotAllowed, NotAuthenticated
from uptop_leader.seal import same_secret, token_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_core.forms import IpNetwork
    from uptop_leader.api.leader import Leader
    from uptop_leader.store.node_keys import NodeKey
    from uptop_leader.store.people import Person, User


_BROWSERS = frozenset({"origin", "sec-fetch-site", "accept-language"})
"""Headers that every browser sends, some of them whatever a page does, and no probe."""

_HOPS = 32  # addresses of X-Forwarded-For that are looked at, the last ones


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

    def __init__(
        self, leader: Leader, limits: Limits | None = None, passes: Passes | None = None
    ) -> None:
        self._leader = leader
        self._passes = Passes() if passes is None else passes
        self._secret = leader.settings.cluster_secret
        self._needs_keys = leader.settings.require_node_keys
        self.trusted = leader.settings.trusted_proxies
        """Networks of proxies whose word for who asks is believed."""
        self.limits = Limits() if limits is None else limits
        self.keys = KeyBook(leader.store.node_keys, lambda: leader.version)
        self._misuse = Misuse(leader, self.limits)

    def check_secret(self, request: Request) -> bool:
        """Whether the request shows the cluster secret; NotAuthenticated if it shows a wrong one.

        Without a configured secret there is nothing to compare with, and none is shown.
        """
        headers = request.headers
        shown = headers.get(SECRET_HEADER) or headers.get(SECRET_HEADER_ALIAS)
        if not self._secret or not shown:
            return False
        with self._judged(request, shown):
            if not same_secret(shown, self._secret):
                raise NotAuthenticated("the cluster secret is wrong")
        return True

    # Nodes

    async def node(self, request: Request) -> NodeKey | None:
        """Let a probe in: by its own key, which is returned; where keys are not required, with the
        cluster secret; where there is no secret either, anybody.

        An open leader listens on loopback, where any page in a browser of this machine can reach
        it, also as its own origin, by a name that came to mean this machine. No probe is a browser.
        """
        is_known = self.check_secret(request)
        if bearer(request):
            return await self._key(request)
        if self._needs_keys:
            self.stranger(request)
            raise NotAuthenticated(
                "a node needs a key of its own here: Authorization: Bearer <key>"
                + (", the cluster secret opens nothing for it" if is_known else "")
            )
        if self._secret and not is_known:
            self.stranger(request)
            raise NotAuthenticated(
                f"the cluster secret is needed in the header {SECRET_HEADER}, or a node key"
            )
        if not self._secret and is_browser(request):
            raise NotAllowed("web pages may not speak for a node")
        return None

    async def speaks_for(self, request: Request, key: NodeKey | None, node: str) -> None:
        """Whoever was let in speaks for `node`. Raises NotAllowed where the key is another node's, and
        NotAuthenticated where it was revoked since: a body may take its time to arrive.
        """
        if key is not None:
            key = await self._key(request)
        if key is not None and key.node != node:
            what = f"spoke for node {node}: {request.method} {request.scope['path']}"
            await self._misused(request, key, what)
            raise NotAllowed(f"this key is of node {key.node!r}: it may not speak for {node!r}")
        self.limits.take("node", node, NODE)

    async def looks_from(self, request: Request, key: NodeKey | None, region: str) -> str:
        """The region a node may look from: with a key that of the key, and no other (NotAllowed)."""
        if key is None:
            return region
        if region.strip().lower() not in ("", key.region):
            await self._misused(request, key, f"wanted region {region[:40]}")
            raise NotAllowed(
                f"the key of node {key.node!r} is for region {key.region or '(none)'!r}:"
                " UPTOP_NODE_REGION must be that, or not be set"
            )
        return key.region

    async def teller(self, request: Request) -> NodeKey | None:
        """The node whose key is shown where none is needed; a wrong key is refused all the same."""
        if not bearer(request).startswith(BEGINS):
            return None
        key = await self._key(request)
        self.limits.take("node", key.node, NODE)
        return key

    async def peer(self, request: Request) -> None:
        """Let the other leader of a pair in: with the cluster secret and nothing else."""
        if self.check_secret(request):
            self.limits.take("peer", self.source(request), NODE)
            return
        if bearer(request).startswith(BEGINS):
            key = await self._key(request)
            await self._misused(request, key, f"asked {request.scope['path']}")
            raise NotAllowed(f"the key of node {key.node!r} does not copy a leader")
        self.stranger(request)
        raise NotAuthenticated(
            f"the cluster secret is needed in the header {SECRET_HEADER}"
            if self._secret
            else "UPTOP_CLUSTER_SECRET must be set here for a follower to copy this leader"
        )

    # People

    async def person(self, request: Request, role: Role) -> Caller:
        """Let somebody with at least `role` in; the cluster secret counts as admin."""
        if self.check_secret(request):
            self.limits.take("secret", self.source(request), PERSON)
            return Caller("cluster", Role.ADMIN)
        token = bearer(request)
        if not token:
            self.stranger(request)
            raise NotAuthenticated(
                "an API token is needed: Authorization: Bearer <token>"
                + (f", or the cluster secret in {SECRET_HEADER}" if self._secret else "")
            )
        if token.startswith(BEGINS):
            key = await self._key(request)
            await self._misused(request, key, f"asked {request.method} {request.scope['path']}")
            raise NotAllowed(
                f"the key of node {key.node!r} is for its assignments and results only"
            )
        hashed = token_hash(token)
        with self._judged(request, token):
            found = await self._find(token, hashed)
            if found is None:
                raise NotAuthenticated("the API token is not known, or has expired")
        self.limits.take("token", hashed, PERSON)
        caller = Caller(found.name, Role[found.role.upper()])
        if caller.role < role:
            raise NotAllowed(
                f"this needs the role {role.name.lower()}, the token has {caller.role.name.lower()}"
            )
        return caller

    # Anybody

    def anybody(
        self, handle: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What is open to all, counted by address."""

        @wraps(handle)
        async def counted(request: Request) -> Response:
            self.stranger(request)
            return await handle(request)

        return counted

    def stranger(self, request: Request) -> None:
        """Count who asks what is open to all."""
        self.limits.stranger(self.source(request))

    def source(self, request: Request) -> str:
        """The address of who asks."""
        return source_of(request, self.trusted)

    def seen_from(self, request: Request) -> str:
        """From where somebody asks, for the audit log: over SSH the address of that connection."""
        passed = self._passes.find(bearer(request))
        return self.source(request) if passed is None else passed.source

    async def _find(self, token: str, hashed: str) -> Person | User | None:
        """Who a token or a pass speaks for, with the role of now."""
        people = self._leader.store.people
        if (passed := self._passes.find(token)) is not None:
            return await anyio.to_thread.run_sync(people.user, passed.user)
        now = self._leader.clock_now()
        return await anyio.to_thread.run_sync(people.find_token, hashed, now)

    async def _key(self, request: Request) -> NodeKey:
        """The good node key that is shown. Raises NotAuthenticated."""
        shown, now = bearer(request), self._leader.clock_now()
        with self._judged(request, shown):
            key = await self.keys.find(shown)
            if key is None:
                raise NotAuthenticated("the node key is not known")
            if not key.is_good(now):
                await self._misused(request, key, f"showed {key.prefix}, which is good no more")
                raise NotAuthenticated(f"this key of node {key.node!r} was revoked, or replaced")
        await self.keys.note_use(shown, now)
        return key

    @contextmanager
    def _judged(self, request: Request, shown: str) -> Iterator[None]:
        """Count wrong credentials of an address; after too many no new one is looked at."""
        source, hashed = self.source(request), token_hash(shown)
        self.limits.before(source, hashed)
        try:
            yield
        except NotAuthenticated:
            self.limits.wrong(source, hashed)
            raise
        self.limits.good(hashed)

    async def _misused(self, request: Request, key: NodeKey, what: str) -> None:
        self.limits.take("misuse", key.node, PERSON)
        await self._misuse.note(key, self.source(request), what)


def source_of(request: Request, trusted: Collection[IpNetwork]) -> str:
    """The address of who asks: that of the connection, or, where that is a trusted proxy's, the
    last one in X-Forwarded-For that is not.
    """
    source = request.client.host if request.client else ""
    # a proxy may add a header of its own after that which it was sent
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).rsplit(",", _HOPS)[-_HOPS:]
    for address in reversed([part.strip() for part in forwarded if part.strip()]):
        if not _is_within(source, trusted) or not _is_address(address):
            break
        source = address
    return source


def _is_within(address: str, networks: Collection[IpNetwork]) -> bool:
    if not _is_address(address):
        return False
    known = ip_address(address)
    plain = known.ipv4_mapped or known if isinstance(known, IPv6Address) else known
    return any(plain in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_browser(request: Request) -> bool:
    """Whether a browser asks, whatever the page in it does."""
    return not _BROWSERS.isdisjoint(request.headers)


def bearer(request: Request) -> str:
    """The token in the Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
