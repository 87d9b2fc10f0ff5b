"""What the leader's API (`/api/v1`) answers of those who may ask it: people, tokens, node keys, and the
log of what they did.

Pages, times and unknown fields are as in `api_answers`. The one secret in it is a new token or node
key, which is shown this once.
"""

from __future__ import annotations

from msgspec import Struct


class Me(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/me`: who asks, in which role, and what answers: its version, its place in the
    cluster, and whether it acts. `now` is its clock.
    """

    name: str
    role: str
    version: str
    place: str
    active: bool
    now: int


class UserView(Struct, frozen=True, kw_only=True):
    """A user."""

    id: str
    name: str
    role: str
    created: int


class UserList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/users`, the oldest first."""

    users: tuple[UserView, ...] = ()
    next: str | None = None


class TokenView(Struct, frozen=True, kw_only=True):
    """A token, named by its first characters. It is good while `revoked` is null and `expires` has
    not come.
    """

    prefix: str
    name: str
    user: str
    role: str
    created: int
    expires: int | None = None
    last_used: int | None = None
    revoked: int | None = None


class TokenList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/tokens`, the oldest first."""

    tokens: tuple[TokenView, ...] = ()
    next: str | None = None


class NewToken(Struct, frozen=True, kw_only=True):
    """`POST /api/v1/tokens`: the token itself. It cannot be shown again."""

    token: str
    prefix: str


class NodeKeyView(Struct, frozen=True, kw_only=True):
    """A node's key, without the key itself: it is good until it `expires` or was `revoked`."""

    node: str
    region: str
    prefix: str
    created: int
    expires: int | None = None
    last_used: int | None = None
    revoked: int | None = None


class NodeKeyList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/node-keys`, the oldest first."""

    keys: tuple[NodeKeyView, ...] = ()
    next: str | None = None


class NewNodeKey(Struct, frozen=True, kw_only=True):
    """A node's new key itself. It cannot be shown again."""

    node: str
    region: str
    key: str
    prefix: str


class LogView(Struct, frozen=True, kw_only=True):
    """An entry of the audit log: who did what to which object, and from where."""

    number: int
    at: int
    who: str
    source: str
    what: str
    about: str
    detail: str = ""


class LogList(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/logs`, the newest first."""

    logs: tuple[LogView, ...] = ()
    next: str | None = None
