"""`/api/v1/posts`: what people write on the status page about what happens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio.to_thread
import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace
from starlette.responses import Response

from uptop_core.api_answers import PostList, PostView
from uptop_core.api_bodies import Moment, PostBody, PostChange
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.endpoints import PREFIX, Endpoint
from uptop_leader.api.paging import Cursor, Limit, opened, sealed
from uptop_leader.api.standing_by import refuse_on_a_copy
from uptop_leader.api.versions import etag_of, expect, version_of
from uptop_leader.live import Name
from uptop_leader.posts import Post, PostKind
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader

_TOPIC = "posts"
_JSON = "application/json"
_NO_POST = "no post has this id"


class PostQuery(Struct, frozen=True, kw_only=True):
    """Which posts are listed: those of a thread, or about an incident (ids), or all."""

    thread: str | None = None
    incident: str | None = None
    limit: Limit = 100
    cursor: Cursor = ""


class _After(Struct, frozen=True, array_like=True):
    at_ms: Moment
    id: str


class PostEndpoints:
    """What people and their programs read and write of posts."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._store = leader.store.posts

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        one = "/posts/{id}"
        return [
            Endpoint(
                method="GET", path="/posts", run=self.list_all, topic=_TOPIC,
                summary="List posts, the newest first", query=PostQuery, answer=PostList,
                tagged=True,
            ),
            Endpoint(
                method="POST", path="/posts", run=self.create, topic=_TOPIC, role=Role.EDITOR,
                summary="Write a post", body=PostBody, answer=PostView, status=201, tagged=True,
            ),
            Endpoint(
                method="GET", path=one, run=self.one, topic=_TOPIC, summary="One post",
                answer=PostView, tagged=True,
            ),
            Endpoint(
                method="PATCH", path=one, run=self.patch, topic=_TOPIC, role=Role.EDITOR,
                summary="Change a post", body=PostChange, answer=PostView, tagged=True,
                conditional=True,
            ),
            Endpoint(
                method="DELETE", path=one, run=self.delete, topic=_TOPIC, role=Role.EDITOR,
                summary="Remove a post; with the first one of a thread, all of it", status=204,
                conditional=True,
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The posts that match the filters."""
        query, store = call.query, self._leader.store
        after = opened(query.cursor, _After) if query.cursor else None
        ask = partial(
            store.posts.newest,
            query.limit + 1,
            incident=query.incident,
            thread=query.thread,
            beyond=None if after is None else (after.at_ms / 1000, after.id),
        )
        found = await anyio.to_thread.run_sync(ask)
        shown = found[: query.limit]
        more = None
        if len(found) > query.limit:
            more = sealed(_After(to_ms(shown[-1].at), shown[-1].id))
        body = msgspec.json.encode(PostList(posts=tuple(map(post_view, shown)), next=more))
        return tagged(call.request, body, _JSON)

    async def one(self, call: Call) -> Response:
        """One post."""
        post = await self._wanted(call)
        headers = {"ETag": self._etag(post), "Cache-Control": "private, no-cache"}
        if headers["ETag"] in call.request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return json_answer(post_view(post), headers=headers)

    async def create(self, call: Call) -> Response:
        """A post that begins a thread or continues one."""
        refuse_on_a_copy(self._leader)
        body: PostBody = call.body
        post_id = str(uuid4())
        now = self._leader.clock_now()
        post = Post(
            id=post_id,
            thread=body.thread or post_id,
            kind=PostKind(body.kind),
            words=body.words,
            at=now if body.at is None else body.at / 1000,
            who=call.caller.name,
            title=body.title,
            incident=body.incident,
            monitors=body.monitors,
        )
        await self._check(post)
        if not await anyio.to_thread.run_sync(self._store.add, post, call.actor, now):
            raise BadRequest("thread", "no post that begins a thread has this id")
        self._note(post_id)
        headers = {"ETag": self._etag(post), "Location": f"{PREFIX}/posts/{post_id}"}
        return json_answer(post_view(post), 201, headers=headers)

    async def patch(self, call: Call) -> Response:
        """What is given anew; who wrote it first stays its author. The version is compared where
        nobody writes in between.
        """
        refuse_on_a_copy(self._leader)
        given: dict[str, Any] = {
            name: value for name, value in asdict(call.body).items() if value is not None
        }
        if "kind" in given:
            given["kind"] = PostKind(given["kind"])

        def change(post: Post) -> Post:
            self._expect(call, post)
            return _titled(replace(post, **given))

        before = await self._wanted(call)
        await self._check(change(before))
        now = self._leader.clock_now()
        edit = self._store.edit
        after = await anyio.to_thread.run_sync(edit, before.id, change, call.actor, now)
        if after is None:
            raise NotThere(_NO_POST)
        self._note(after.id)
        return json_answer(post_view(after), headers={"ETag": self._etag(after)})

    async def delete(self, call: Call) -> Response:
        """Remove a post; with the first one of a thread, the whole thread."""
        refuse_on_a_copy(self._leader)
        drop = partial(
            self._store.drop,
            call.part("id"),
            call.actor,
            self._leader.clock_now(),
            check=partial(self._expect, call),
        )
        gone = await anyio.to_thread.run_sync(drop)
        if not gone:
            raise NotThere(_NO_POST)
        self._note(*gone)
        return Response(status_code=204)

    async def _check(self, post: Post) -> None:
        """Refuse a post about what there is not. Raises BadRequest."""
        _titled(post)
        for place, one in enumerate(post.monitors):
            if one not in self._leader.monitors:
                raise BadRequest(f"monitors[{place}]", "no monitor has this id")
        if post.incident is not None:
            find = self._leader.store.incident
            if await anyio.to_thread.run_sync(find, post.incident) is None:
                raise BadRequest("incident", "no incident has this id")

    def _expect(self, call: Call, post: Post) -> None:
        expect(call.request, self._version(post), "post")

    async def _wanted(self, call: Call) -> Post:
        post = await anyio.to_thread.run_sync(self._store.one, call.part("id"))
        if post is None:
            raise NotThere(_NO_POST)
        return post

    def _note(self, *ids: str) -> None:
        self._leader.live.note([Name("post", one) for one in ids])

    def _version(self, post: Post) -> str:
        return version_of(self._leader.store.cluster_id, post)

    def _etag(self, post: Post) -> str:
        return etag_of(self._version(post))


def _titled(post: Post) -> Post:
    """The same. Raises BadRequest for the beginning of a thread without a title."""
    if post.thread == post.id and not post.title:
        raise BadRequest("title", "is needed to begin a thread")
    return post


def post_view(post: Post) -> PostView:
    """A post as the API shows it."""
    facts = {**asdict(post), "kind": post.kind.value, "at": to_ms(post.at)}
    return PostView(**facts)
