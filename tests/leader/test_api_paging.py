"""Pages, filters and cursors of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.desks import at_the_desk
from tests.leader.helms import api, hook
from tests.leader.stage_memory import VIEWER
from tests.leader.stages import NOW, Stage, client
from uptop_leader.api.paging import Paged, page, sealed
from uptop_leader.changes import Changes
from uptop_leader.incidents import Incident
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.anyio


def _pages(items: list[str], limit: int) -> list[tuple[str, ...]]:
    pages, cursor = [], ""
    while True:
        chosen, more = page(items, str, Paged(limit=limit, cursor=cursor))
        pages.append(chosen)
        if more is None:
            return pages
        cursor = more


def test_pages_hold_everything_once() -> None:
    assert _pages(list("abcde"), 2) == [("a", "b"), ("c", "d"), ("e",)]
    assert _pages(list("abcd"), 2) == [("a", "b"), ("c", "d")]
    assert _pages([], 2) == [()]


def test_a_page_goes_on_after_the_last_entry_whatever_came_before_it() -> None:
    _, more = page(list("abcd"), str, Paged(limit=2))
    assert more is not None
    assert page(list("xabcd"), str, Paged(cursor=more))[0] == ("c", "d")
    assert page(list("acd"), str, Paged(cursor=more))[0] == ("d",)


@pytest.mark.parametrize("cursor", ["x", "!", "bnVsbA", "WzEsMl0", sealed(Paged())])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="next"):
        page(["a"], str, Paged(cursor=cursor))


async def test_incidents_of_one_moment_come_in_pages_without_a_gap(address: Address) -> None:
    async with at_the_desk(address, api("a"), api("b"), api("c1"), hook()) as desk:
        at = desk.helm.clock.at
        opened = [
            Incident(id=f"i{name}", monitor=name, number=1, name=name, started=at, confirmed=at)
            for name in ("a", "b", "c1")
        ]
        desk.helm.store.write(Changes(opened=opened), at)
        names: list[str] = []
        page = await desk.get("/incidents?limit=1")
        while True:
            names += [one["name"] for one in page["incidents"]]
            if page["next"] is None:
                break
            page = await desk.get(f"/incidents?limit=1&cursor={page['next']}")
        assert names == ["a", "b", "c1"]
        since = round(at * 1000)
        assert len((await desk.get(f"/incidents?since={since}"))["incidents"]) == 3
        assert (await desk.get(f"/incidents?since={since + 1}"))["incidents"] == []


async def test_nodes_are_filtered() -> None:
    stage = Stage()
    stage.add_node("a", "eu")
    stage.add_node("b", "us", heard=NOW - 90)
    async with client(stage, token=VIEWER) as http:
        for query, wanted in (("state=offline", ["b"]), ("region=eu", ["a"]), ("", ["a", "b"])):
            answer = await http.get(f"/api/v1/nodes?{query}")
            assert [node["id"] for node in answer.json()["nodes"]] == wanted
        assert (await http.get("/api/v1/nodes/a")).json()["region"] == "eu"
        assert (await http.get("/api/v1/nodes/x")).status_code == 404


@pytest.mark.parametrize("query", ["limt=3", "limit=3&limit=4", "nothing="])
async def test_a_parameter_that_is_not_known_is_told(query: str) -> None:
    async with client(Stage(), token=VIEWER) as http:
        answer = await http.get(f"/api/v1/monitors?{query}")
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == query.partition("=")[0]
