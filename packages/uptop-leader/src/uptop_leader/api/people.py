"""`/api/v1/users`, `/api/v1/tokens` and `/api/v1/me`: who may do what, and with which tokens."""

from __future__ import annotations

from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
from starlette.responses import Response

from uptop_core.access_answers import Me, NewToken, TokenList, TokenView, UserList, UserView
from uptop_core.api_bodies import TokenBody, UserBody, UserChange
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.endpoints import PREFIX, Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.api.standing_by import refuse_on_a_copy
from uptop_leader.first_start import PREFIX_LENGTH, new_token
from uptop_leader.refusals import BadRequest, NotAllowed, NotThere
from uptop_leader.seal import token_hash
from uptop_leader.times import to_ms, to_ms_or_none

if TYPE_CHECKING:
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.store import people

_JSON = "application/json"


class PeopleEndpoints:
    """Who may ask, and what for. Admins change that; anybody may see and revoke their own tokens."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        admin = partial(Endpoint, role=Role.ADMIN)
        return [
            Endpoint(
                method="GET", path="/me", run=self.me, topic="people",
                summary="Who asks, and what answers", answer=Me,
            ),
            admin(
                method="GET", path="/users", run=self.users, topic="users",
                summary="List users", query=Paged, answer=UserList, tagged=True,
            ),
            admin(
                method="POST", path="/users", run=self.add_user, topic="users",
                summary="Add a user", body=UserBody, answer=UserView, status=201,
            ),
            admin(
                method="GET", path="/users/{id}", run=self.user, topic="users",
                summary="One user", answer=UserView, tagged=True,
            ),
            admin(
                method="PATCH", path="/users/{id}", run=self.change_user, topic="users",
                summary="Give a user another role", body=UserChange, answer=UserView,
                refuses=(409,),
            ),
            admin(
                method="DELETE", path="/users/{id}", run=self.drop_user, topic="users",
                summary="Remove a user with all tokens", status=204, refuses=(409,),
            ),
            Endpoint(
                method="GET", path="/tokens", run=self.tokens, topic="tokens",
                summary="List tokens: all for an admin, else one's own", query=Paged,
                answer=TokenList, tagged=True,
            ),
            admin(
                method="POST", path="/tokens", run=self.add_token, topic="tokens",
                summary="Make a token; it is shown only once", body=TokenBody, answer=NewToken,
                status=201,
            ),
            Endpoint(
                method="GET", path="/tokens/{prefix}", run=self.token, topic="tokens",
                summary="One token", answer=TokenView, tagged=True,
            ),
            Endpoint(
                method="DELETE", path="/tokens/{prefix}", run=self.revoke, topic="tokens",
                summary="Revoke a token: any for an admin, else one's own", status=204,
                refuses=(409,),
            ),
        ]  # fmt: skip

    async def me(self, call: Call) -> Response:
        """Who asks; also what to look at first when something does not work."""
        leader, health = self._leader, self._leader.health()
        me = Me(
            name=call.caller.name,
            role=call.caller.role.name.lower(),
            version=metadata.version("uptop-leader"),
            place=health.role,
            active=health.active,
            now=to_ms(leader.clock_now()),
        )
        return json_answer(me)

    async def users(self, call: Call) -> Response:
        """All users."""
        views = [_user_view(user) for user in await self._read_users()]
        chosen, more = page(views, lambda view: view.id, call.query)
        body = msgspec.json.encode(UserList(users=chosen, next=more))
        return tagged(call.request, body, _JSON)

    async def user(self, call: Call) -> Response:
        """One user."""
        view = _user_view(await self._user(call.part("id")))
        return tagged(call.request, msgspec.json.encode(view), _JSON)

    async def add_user(self, call: Call) -> Response:
        """A new user, without a token yet."""
        refuse_on_a_copy(self._leader)
        body, now = call.body, self._leader.clock_now()
        if not body.name.isprintable():
            raise BadRequest("name", "must have printable characters only")
        add = self._leader.store.people.add_user
        made = await anyio.to_thread.run_sync(add, body.name, body.role, now, call.actor)
        headers = {"Location": f"{PREFIX}/users/{made}"}
        return json_answer(_user_view(await self._user(made)), 201, headers=headers)

    async def change_user(self, call: Call) -> Response:
        """Give a user another role, which applies to existing tokens too."""
        refuse_on_a_copy(self._leader)
        change, now = self._leader.store.people.change_role, self._leader.clock_now()
        ask = partial(change, call.part("id"), call.body.role, now, call.actor)
        if not await anyio.to_thread.run_sync(ask):
            raise NotThere("no user has this id")
        return json_answer(_user_view(await self._user(call.part("id"))))

    async def drop_user(self, call: Call) -> Response:
        """Remove a user; all their tokens end."""
        refuse_on_a_copy(self._leader)
        drop, now = self._leader.store.people.drop_user, self._leader.clock_now()
        if not await anyio.to_thread.run_sync(drop, call.part("id"), now, call.actor):
            raise NotThere("no user has this id")
        return Response(status_code=204)

    async def tokens(self, call: Call) -> Response:
        """The tokens that the caller may see."""
        views = [_token_view(token) for token in await self._read_tokens(call)]
        chosen, more = page(views, lambda view: view.prefix, call.query)
        body = msgspec.json.encode(TokenList(tokens=chosen, next=more))
        return tagged(call.request, body, _JSON)

    async def token(self, call: Call) -> Response:
        """One token that the caller may see."""
        view = _token_view(await self._token(call))
        return tagged(call.request, msgspec.json.encode(view), _JSON)

    async def add_token(self, call: Call) -> Response:
        """A token of a user. Only its hash is kept."""
        refuse_on_a_copy(self._leader)
        body, now = call.body, self._leader.clock_now()
        expires = None if body.expires is None else body.expires / 1000
        if expires is not None and expires <= now:
            raise BadRequest("expires", "must be in the future")
        store = self._leader.store.people
        owner = await anyio.to_thread.run_sync(store.find_user, body.user)
        if owner is None:
            raise BadRequest("user", "there is no user of this name")
        token = new_token()
        prefix = token[:PREFIX_LENGTH]
        add = partial(
            store.add_token, owner, body.name, token_hash(token), prefix, expires, now, call.actor
        )
        await anyio.to_thread.run_sync(add)
        headers = {"Location": f"{PREFIX}/tokens/{prefix}"}
        return json_answer(NewToken(token=token, prefix=prefix), 201, headers=headers)

    async def revoke(self, call: Call) -> Response:
        """It is good no more; it stays in the list. Twice is as good as once."""
        refuse_on_a_copy(self._leader)
        token = await self._token(call)
        revoke, now = self._leader.store.people.revoke_token, self._leader.clock_now()
        await anyio.to_thread.run_sync(revoke, token.prefix, now, call.actor)
        return Response(status_code=204)

    async def _read_users(self) -> list[people.User]:
        return await anyio.to_thread.run_sync(self._leader.store.people.users)

    async def _user(self, id: str) -> people.User:
        for user in await self._read_users():
            if user.id == id:
                return user
        raise NotThere("no user has this id")

    async def _read_tokens(self, call: Call) -> list[people.TokenView]:
        found = await anyio.to_thread.run_sync(self._leader.store.people.tokens)
        is_admin = call.caller.role >= Role.ADMIN
        return [token for token in found if is_admin or token.user == call.caller.name]

    async def _token(self, call: Call) -> people.TokenView:
        for token in await self._read_tokens(call):
            if token.prefix == call.part("prefix"):
                return token
        if call.caller.role < Role.ADMIN:
            raise NotAllowed("only an admin sees tokens of others")
        raise NotThere("no token begins with this")


def _user_view(user: people.User) -> UserView:
    return UserView(id=user.id, name=user.name, role=user.role, created=to_ms(user.created))


def _token_view(token: people.TokenView) -> TokenView:
    return TokenView(
        prefix=token.prefix,
        name=token.name,
        user=token.user,
        role=token.role,
        created=to_ms(token.created),
        expires=to_ms_or_none(token.expires),
        last_used=to_ms_or_none(token.last_used),
        revoked=to_ms_or_none(token.revoked),
    )
