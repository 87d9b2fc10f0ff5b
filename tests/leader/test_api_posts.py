"""Posts over the API: threads of what people write about what happens; on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from tests.leader.desks import at_the_desk, problems
from tests.leader.helms import api, at_the_helm, hook
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address, Dsn

pytestmark = pytest.mark.anyio

_FIRST: dict[str, Any] = {"kind": "investigating", "title": "Shop", "words": "We look into it."}


async def test_a_thread_is_begun_gone_on_with_and_removed(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        begun = await desk.ask("POST", "/posts", {**_FIRST, "monitors": ["m"]})
        assert begun.status_code == 201, begun.text
        first = begun.json()
        assert first["thread"] == first["id"]
        assert (first["who"], first["at"]) == ("editor", round(desk.helm.clock.at * 1000))
        desk.helm.clock.at += 60
        second = {"kind": "resolved", "words": "Over.", "thread": first["id"]}
        last = (await desk.ask("POST", "/posts", second)).json()
        listed = (await desk.get(f"/posts?thread={first['id']}", "viewer"))["posts"]
        assert [post["id"] for post in listed] == [last["id"], first["id"]]
        assert await desk.get(f"/posts/{first['id']}") == first
        assert (await desk.ask("DELETE", f"/posts/{first['id']}")).status_code == 204
        assert (await desk.get("/posts"))["posts"] == []
        assert (await desk.ask("GET", f"/posts/{last['id']}")).status_code == 404
        title = first["title"]
        assert [(what, about) for _, what, about in await desk.logged()][:3] == [
            ("post deleted", title),
            ("post added", title),  # one that goes on with a thread has no title of its own
            ("post added", title),
        ]


async def test_a_post_is_mended_and_a_lost_update_refused(address: Address) -> None:
    async with at_the_desk(address) as desk:
        begun = await desk.ask("POST", "/posts", _FIRST)
        path, etag = f"/posts/{begun.json()['id']}", begun.headers["etag"]
        mended = await desk.ask("PATCH", path, {"words": "We look."}, If_Match=etag)
        assert (mended.status_code, mended.json()["words"]) == (200, "We look.")
        late = await desk.ask("PATCH", path, {"words": "I look."}, If_Match=etag)
        assert late.status_code == 412
        assert (await desk.ask("DELETE", path, If_Match=etag)).status_code == 412
        now = mended.headers["etag"]
        assert (await desk.ask("GET", path, If_None_Match=now)).status_code == 304


async def test_two_leaders_take_one_of_two_changes_of_the_same_version(dsn: Dsn) -> None:
    waits = {"busy_s": 10.0}  # each writes when the other has, however busy the machine is
    async with at_the_desk(dsn, **waits) as one, at_the_helm(dsn, **waits) as other:
        transport = httpx.ASGITransport(app=build_app(other.leader))
        async with httpx.AsyncClient(transport=transport, base_url="http://b/api/v1") as http:
            for _ in range(5):
                begun = await one.ask("POST", "/posts", _FIRST)
                path, etag = f"/posts/{begun.json()['id']}", begun.headers["etag"]
                headers = {"Authorization": "Bearer editor", "If-Match": etag}
                taken: list[int] = []

                async def change(where: str, path: str, headers: dict[str, str]) -> None:
                    body = {"words": where}
                    if where == "here":
                        answer = await one.ask("PATCH", path, body, **headers)
                    else:
                        answer = await http.patch(path, json=body, headers=headers)
                    taken.append(answer.status_code)  # noqa: B023  it is awaited below

                async with anyio.create_task_group() as both:
                    both.start_soon(change, "here", path, headers)
                    both.start_soon(change, "there", path, headers)
                assert sorted(taken) == [200, 412]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "investigating", "words": "x"}, "title"),
        ({**_FIRST, "thread": "nothing"}, "thread"),
        ({**_FIRST, "monitors": ["nobody"]}, "monitors[0]"),
        ({**_FIRST, "incident": "none"}, "incident"),
        ({**_FIRST, "kind": "confused"}, "kind"),
        ({**_FIRST, "words": ""}, "words"),
    ],
)
async def test_a_post_about_nothing_is_refused(
    address: Address, body: dict[str, Any], field: str
) -> None:
    async with at_the_desk(address) as desk:
        assert set(problems(await desk.ask("POST", "/posts", body))) == {field}


async def test_posts_of_one_moment_come_in_pages_without_a_gap(address: Address) -> None:
    async with at_the_desk(address) as desk:
        made = {(await desk.ask("POST", "/posts", _FIRST)).json()["id"] for _ in range(5)}
        found: list[str] = []
        page = await desk.get("/posts?limit=2")
        while True:
            found += [post["id"] for post in page["posts"]]
            if page["next"] is None:
                break
            page = await desk.get(f"/posts?limit=2&cursor={page['next']}")
        assert (len(found), set(found)) == (5, made)


async def test_a_viewer_writes_nothing(address: Address) -> None:
    async with at_the_desk(address) as desk:
        assert (await desk.ask("POST", "/posts", _FIRST, role="viewer")).status_code == 403
