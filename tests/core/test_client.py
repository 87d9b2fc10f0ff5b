"""The client of the leader's API against a real listener that does not always behave."""

from __future__ import annotations

import gzip
import json
import ssl
import tracemalloc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import pytest
from anyio.streams.tls import TLSStream

from tests.probe.scripted_server import Reply, Request, ScriptedServer, answer, page
from uptop_core import examining
from uptop_core.checks.port import PortCheck
from uptop_core.client import ANSWER_LIMIT, Fetched, LeaderClient
from uptop_core.errors import LeaderAway, LeaderBusy, LeaderError, LeaderRefused
from uptop_core.wire import (
    Assignment,
    Health,
    Registered,
    Registration,
    ResultsBatch,
    WireResult,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

ACKNOWLEDGED = {"ok": True, "accepted": 1, "duplicates": 0, "have": {"i": 1}, "now": 5}
MONITOR = {
    "id": "a",
    "name": "A",
    "check": {"type": "port", "hostname": "127.0.0.1", "port": 1},
}


class Scripted(ScriptedServer):
    """Answers every request with `reply`."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(self._answer)
        self.reply = reply

    async def _answer(self, request: Request) -> Reply:
        return self.reply


@asynccontextmanager
async def asking(reply: Reply, **options: Any) -> AsyncIterator[tuple[LeaderClient, Scripted]]:
    server = Scripted(reply)
    async with server.serving(), LeaderClient(server.url, **options) as client:
        yield client, server


def batch(results: int = 1) -> ResultsBatch:
    one = msgspec.Raw(msgspec.json.encode(WireResult(monitor_id="a", is_up=True, seq=1)))
    return ResultsBatch(node_id="n", instance="i", results=(one,) * results)


async def test_a_node_registers_with_the_secret() -> None:
    known = {"id": "n", "name": "N", "region": "eu", "now": 5}
    async with asking(answer(known), secret="s3cret") as (client, server):
        registered = await client.register(Registration(id="n", region="eu", instance="i"))
    assert registered == Registered(id="n", name="N", region="eu", now=5)
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/api/probe/register")
    assert request.headers["x-upkeep-secret"] == "s3cret"
    assert request.headers["uptop-protocol"] == "1"
    assert request.json() == {"id": "n", "region": "eu", "instance": "i"}


async def test_a_key_is_sent_as_a_bearer_token() -> None:
    async with asking(answer({"status": "ok"}), token="key") as (client, server):
        assert await client.health() == Health(status="ok")
    assert server.requests[0].headers["authorization"] == "Bearer key"
    assert "x-upkeep-secret" not in server.requests[0].headers


async def test_assignments_come_with_their_etag() -> None:
    reply = answer({"monitors": [MONITOR], "recheck": [{"id": "r", "monitor_id": "a"}]}, ETag='"1"')
    async with asking(reply) as (client, server):
        fetched = await client.assignments("n", instance="i", etag='"0"', wait_s=2.5)
    assert isinstance(fetched, Fetched)
    assert (fetched.etag, fetched.skipped) == ('"1"', ())
    assert fetched.assignments.monitors[0].check.kind() == "port"
    assert fetched.assignments.recheck[0].monitor_id == "a"
    request = server.requests[0]
    assert request.query == {"node_id": "n", "instance": "i", "wait": "2.5"}
    assert request.headers["if-none-match"] == '"0"'


async def test_who_has_the_monitors_is_told_of_the_rechecks_alone() -> None:
    known = (Assignment(id="a", name="A", check=PortCheck(hostname="a.example", port=1)),)
    reply = answer({"recheck": [{"id": "r", "monitor_id": "a"}]}, ETag='"2"')
    async with asking(reply) as (client, server):
        fetched = await client.assignments("n", etag='"1"', known=known)
    assert server.requests[0].query == {"node_id": "n", "partly": "true"}
    assert fetched is not None
    assert fetched.etag == '"2"'
    assert fetched.assignments.monitors is known
    assert [one.id for one in fetched.assignments.recheck] == ["r"]


@pytest.mark.parametrize("facts", [{}, {"etag": '"1"'}, {"known": ()}])
async def test_rechecks_alone_are_no_answer_to_who_has_no_monitors(facts: dict[str, Any]) -> None:
    async with asking(answer({"recheck": []})) as (client, server):
        with pytest.raises(LeaderAway, match="not like a leader"):
            await client.assignments("n", **facts)
    assert "partly" not in server.requests[0].query


async def test_unchanged_assignments_are_none() -> None:
    async with asking(Reply(status=304)) as (client, _):
        assert await client.assignments("n", etag='"1"') is None


async def test_a_304_that_nobody_asked_for_is_not_an_answer() -> None:
    async with asking(Reply(status=304)) as (client, _):
        with pytest.raises(LeaderAway, match="answered 304"):
            await client.assignments("n")


async def test_a_monitor_of_a_kind_we_do_not_know_is_skipped_by_name() -> None:
    newer = {**MONITOR, "id": "b", "name": "B", "check": {"type": "telepathy"}}
    async with asking(answer({"monitors": [newer, MONITOR]})) as (client, _):
        fetched = await client.assignments("n")
    assert fetched is not None
    assert [monitor.id for monitor in fetched.assignments.monitors] == ["a"]
    assert len(fetched.skipped) == 1
    assert fetched.skipped[0].startswith("B: ")


async def test_json_of_something_else_is_not_an_empty_list_of_monitors() -> None:
    async with asking(answer({"status": "ok"})) as (client, _):
        with pytest.raises(LeaderAway, match="answered, but not like a leader"):
            await client.assignments("n")


async def test_results_are_packed_and_acknowledged() -> None:
    async with asking(answer(ACKNOWLEDGED)) as (client, server):
        answered = await client.report(batch(results=100))
    assert (answered.accepted, answered.have) == (1, {"i": 1})
    assert server.requests[0].headers["content-encoding"] == "gzip"
    assert len(server.requests[0].json()["results"]) == 100


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_that_unpacks_without_end_takes_no_memory(times: int) -> None:
    packed = gzip.compress(b"\0" * ANSWER_LIMIT) * 16
    if times == 2:
        packed = gzip.compress(packed)
    head = {"Content-Encoding": ", ".join(["gzip"] * times)}
    tracemalloc.start()
    try:
        async with asking(Reply(body=packed, headers=head)) as (client, _):
            with pytest.raises(LeaderAway):
                await client.health()
        assert tracemalloc.get_traced_memory()[1] < 4 * ANSWER_LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (page(), LeaderAway),
        (answer({"ok": True}), LeaderAway),
        (answer({**ACKNOWLEDGED, "ok": False}), LeaderAway),
        (answer(ACKNOWLEDGED, status=202), LeaderAway),
        (Reply(body=json.dumps(ACKNOWLEDGED).encode(), cut=20), LeaderAway),
        (Reply(body=b"\xff\xfe"), LeaderAway),
        (Reply(body=b""), LeaderAway),
        (Reply(lost=True), LeaderAway),
        (Reply(status=302, headers={"Location": "/login"}), LeaderAway),
        (Reply(body=b"not packed", headers={"Content-Encoding": "gzip"}), LeaderAway),
        (page(500), LeaderAway),
        (page(502), LeaderAway),
        (page(503), LeaderBusy),
        (page(429), LeaderBusy),
        (page(413), LeaderRefused),
        (page(401), LeaderRefused),
        (page(404), LeaderRefused),
    ],
)
async def test_nothing_but_an_acknowledgement_is_one(
    reply: Reply, error: type[LeaderError]
) -> None:
    async with asking(reply) as (client, _):
        with pytest.raises(error):
            await client.report(batch())


async def test_a_refusal_carries_its_code_and_reason() -> None:
    problem = {"status": 409, "title": "Conflict", "detail": "node n", "code": "unregistered"}
    async with asking(answer(problem, status=409)) as (client, _):
        with pytest.raises(LeaderRefused, match="answered 409: node n") as caught:
            await client.report(batch())
    assert (caught.value.status, caught.value.code) == (409, "unregistered")


@pytest.mark.parametrize(("written", "seconds"), [("7", 7.0), ("Wed, 21 Oct", None), (None, None)])
async def test_a_busy_leader_says_when_to_come_again(
    written: str | None, seconds: float | None
) -> None:
    headers = {"Retry-After": written} if written else {}
    async with asking(Reply(status=503, headers=headers)) as (client, _):
        with pytest.raises(LeaderBusy) as caught:
            await client.report(batch())
    assert caught.value.retry_after_s == seconds


async def test_the_words_of_a_stranger_are_escaped_and_short() -> None:
    problem = {"status": 400, "title": "\x1b[2J" + "x" * 9999}
    async with asking(answer(problem, status=400)) as (client, _):
        with pytest.raises(LeaderRefused) as caught:
            await client.report(batch())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


async def test_an_unhealthy_leader_says_why() -> None:
    sick = {"status": "sick", "reason": "the store was not written for 20 s"}
    async with asking(answer(sick, status=503)) as (client, _):
        health = await client.health()
    assert (health.status, health.reason) == ("sick", sick["reason"])


async def test_health_can_be_asked_on_a_connection_of_its_own() -> None:
    async with asking(answer({"status": "ok"})) as (client, server):
        for _ in range(2):
            await client.health()
        assert server.connections == 1
        for _ in range(2):
            assert (await client.health(anew=True)).status == "ok"
        assert server.connections == 3


async def test_a_page_with_503_is_no_health() -> None:
    async with asking(page(503)) as (client, _):
        with pytest.raises(LeaderBusy):
            await client.health()


async def test_nobody_at_the_address_is_away() -> None:
    server = Scripted(Reply())
    async with server.serving():
        url = server.url
    async with LeaderClient(url) as client:
        with pytest.raises(LeaderAway, match=f"no leader at {url}"):
            await client.health()


async def test_a_leader_that_never_answers_is_away_at_the_deadline() -> None:
    async def hang(request: Request) -> Reply:
        await anyio.sleep_forever()
        raise AssertionError

    server = ScriptedServer(hang)
    async with server.serving(), LeaderClient(server.url, deadline_s=0.1) as client:
        with anyio.fail_after(3), pytest.raises(LeaderAway, match=r"no answer within 0\.1 s"):
            await client.health()


async def test_any_other_question_is_read_into_what_is_asked_for() -> None:
    async with asking(answer({"overall": "UP"})) as (client, server):
        assert await client.get_json("/status/json", dict[str, str], {"a": "b"}) == {
            "overall": "UP"
        }
    assert (server.requests[0].path, server.requests[0].query) == ("/status/json", {"a": "b"})


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with asking(answer({"status": "ok"})) as (client, _):
        assert (await client.health()).status == "ok"


async def test_a_redirect_takes_no_credential_along() -> None:
    elsewhere = Scripted(answer({"status": "ok"}))
    async with elsewhere.serving():
        away = Reply(status=307, headers={"Location": f"{elsewhere.url}/api/health"})
        async with asking(away, secret="s3cret") as (client, server):
            for ask in (client.health, lambda: client.register(Registration(id="n"))):
                with pytest.raises(LeaderError):
                    await ask()
            assert len(server.requests) == 2
    assert elsewhere.requests == []


async def test_a_leader_with_an_unknown_certificate_is_away() -> None:
    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)

    async def shake_hands(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError, ssl.SSLError)):
                await TLSStream.wrap(stream, ssl_context=context, standard_compatible=False)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, shake_hands)
        async with LeaderClient(f"https://127.0.0.1:{port}") as client:
            with pytest.raises(LeaderAway, match="certificate verify failed"):
                await client.health()
            (found,) = await examining.leader(client)
            assert "SSL_CERT_FILE" in found.mend
        tasks.cancel_scope.cancel()
