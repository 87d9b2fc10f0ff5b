"""What nodes ask and report."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import anyio
import httpx
import msgspec
import pytest

from tests.leader.serving import serving
from tests.leader.stages import NOW, SECRET, Stage, app_of, client
from uptop_core.client import LeaderClient
from uptop_core.errors import LeaderBusy, LeaderRefused
from uptop_core.wire import Registration, ResultsAnswer, ResultsBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    """A leader that knows one node."""
    stage = Stage()
    stage.add_node("n1", "eu")
    return stage


@pytest.fixture
async def http(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the secret."""
    async with client(stage, secret=SECRET) as opened:
        yield opened


async def test_registering_answers_with_the_node_as_known(http: httpx.AsyncClient) -> None:
    body = {"id": "n2", "region": "us", "a_field_of_tomorrow": 1}
    response = await http.post("/api/probe/register", json=body)
    assert response.json() == {"id": "n2", "name": "N2", "region": "us", "now": int(NOW * 1000)}


async def test_registering_keeps_the_address(stage: Stage, http: httpx.AsyncClient) -> None:
    await http.post("/api/probe/register", json={"id": "n2"})
    assert stage.nodes["n2"].address == "127.0.0.1"


async def test_a_second_live_instance_is_a_conflict(http: httpx.AsyncClient) -> None:
    body = {"id": "n1", "instance": "second"}
    response = await http.post("/api/probe/register", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "instance")


@pytest.mark.parametrize("node_id", ["a b", "x" * 101, ""])
async def test_an_id_that_is_none_is_refused(http: httpx.AsyncClient, node_id: str) -> None:
    response = await http.post("/api/probe/register", json={"id": node_id})
    assert response.status_code == 400
    assert response.json()["problems"][0]["field"] == "id"


async def test_assignments_come_with_an_etag_and_then_not_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/api/probe/assignments?node_id=n1")
    assert first.json() == {"monitors": [], "recheck": []}
    again = await http.get(
        "/api/probe/assignments?node_id=n1", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_who_takes_a_part_and_has_the_monitors_gets_rechecks_alone(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    stage.etag = "one.2"
    known = {"If-None-Match": '"one.1"'}
    whole = await http.get("/api/probe/assignments?node_id=n1", headers=known)
    assert whole.json() == {"monitors": [], "recheck": []}
    part = await http.get("/api/probe/assignments?node_id=n1&partly=true", headers=known)
    assert part.json() == {"recheck": [{"id": "r", "monitor_id": "m"}]}
    assert part.headers["etag"] == '"one.2"'
    known = {"If-None-Match": '"other.1"'}
    new = await http.get("/api/probe/assignments?node_id=n1&partly=true", headers=known)
    assert new.json() == {"monitors": [], "recheck": []}


async def test_assignments_of_an_unknown_node_say_unregistered(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/probe/assignments?node_id=n9&wait=10")
    assert (response.status_code, response.json()["code"]) == (409, "unregistered")


@pytest.mark.parametrize("query", ["", "?node_id=", "?node_id=n1&wait=soon", "?node_id=n1&wait=-1"])
async def test_a_question_that_makes_no_sense_is_a_400(http: httpx.AsyncClient, query: str) -> None:
    response = await http.get(f"/api/probe/assignments{query}")
    assert response.status_code == 400
    assert response.json()["problems"][0]["field"] in ("node_id", "wait")


async def test_a_long_poll_is_held_until_something_changes(stage: Stage) -> None:
    async with serving(app_of(stage)) as url, LeaderClient(url, secret=SECRET) as leader:
        first = await leader.assignments("n1")
        assert first is not None
        answered = anyio.Event()

        async def ask() -> None:
            later = await leader.assignments("n1", etag=first.etag, wait_s=10)
            assert later is not None
            assert later.etag == '"two"'
            answered.set()

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                assert not answered.is_set()
                stage.etag = "two"
                stage.changed.set()


async def test_a_long_poll_that_nothing_ends_is_a_304(stage: Stage) -> None:
    async with serving(app_of(stage)) as url, LeaderClient(url, secret=SECRET) as leader:
        assert await leader.assignments("n1", etag='"one"', wait_s=0.05) is None


async def test_results_are_acknowledged_with_what_came_of_them(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    body = {"node_id": "n1", "results": [{"monitor_id": "m", "is_up": True}, {"odd": 1}]}
    response = await http.post("/api/probe/results", json=body)
    answer = msgspec.json.decode(response.content, type=ResultsAnswer)
    assert (answer.ok, answer.accepted, answer.now) == (True, 2, int(NOW * 1000))
    assert len(stage.batches) == 1


async def test_results_may_come_in_gzip(stage: Stage, http: httpx.AsyncClient) -> None:
    body = gzip.compress(msgspec.json.encode(ResultsBatch(node_id="n1")))
    headers = {"Content-Encoding": "gzip"}
    response = await http.post("/api/probe/results", content=body, headers=headers)
    assert response.json()["ok"] is True


async def test_results_of_an_unknown_node_say_unregistered(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/probe/results", json={"node_id": "n9", "results": []})
    assert (response.status_code, response.json()["code"]) == (409, "unregistered")


async def test_cores_client_understands_every_answer(stage: Stage) -> None:
    async with client(stage) as http:
        leader = LeaderClient("http://leader", secret=SECRET, http=http)
        assert (await leader.health()).status == "ok"
        assert (await leader.register(Registration(id="n3"))).id == "n3"
        assert (await leader.report(ResultsBatch(node_id="n3"))).ok
        with pytest.raises(LeaderRefused) as refused:
            await leader.report(ResultsBatch(node_id="n9"))
        assert refused.value.code == "unregistered"
        stage.full = True
        with pytest.raises(LeaderBusy) as busy:
            await leader.report(ResultsBatch(node_id="n3"))
        assert busy.value.retry_after_s == 7
