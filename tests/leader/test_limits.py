"""How often anybody may ask."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from tests.leader.stage_memory import ADMIN, VIEWER
from tests.leader.stages import SECRET, Stage
from uptop_leader.api.app import build_app
from uptop_leader.api.limits import NODE, PERSON, REGISTRATION, STRANGER, WRONG, Limits
from uptop_leader.refusals import TooMany
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader


class Steady:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def limits(steady: Steady) -> Limits:
    return Limits(steady, most=100)


def test_a_bucket_empties_and_fills_again(limits: Limits, steady: Steady) -> None:
    for _ in range(PERSON.at_once):
        limits.take("token", "a", PERSON)
    with pytest.raises(TooMany, match="too many requests: come again in 1 s") as refused:
        limits.take("token", "a", PERSON)
    assert refused.value.retry_after_s == pytest.approx(1 / PERSON.per_s)
    limits.take("token", "b", PERSON)
    steady.at += 1 / PERSON.per_s
    limits.take("token", "a", PERSON)
    with pytest.raises(TooMany):
        limits.take("token", "a", PERSON)


def test_a_node_that_catches_up_never_meets_its_limit(limits: Limits, steady: Steady) -> None:
    """Ten million results at a thousand in a batch, as fast as a leader can take 50 000 a second,
    and its long polls, beats and rechecks beside it.
    """
    for _ in range(10_000):
        limits.take("node", "n", NODE)
        limits.take("node", "n", NODE)
        steady.at += 1000 / 50_000


def test_a_thousand_nodes_behind_one_address_do_not_share_a_limit(limits: Limits) -> None:
    for node in range(1000):
        for _ in range(20):
            limits.take("node", f"n{node}", NODE)


def test_after_too_many_wrong_credentials_only_those_known_to_be_good_are_heard(
    limits: Limits, steady: Steady
) -> None:
    limits.good("known")
    for number in range(WRONG.at_once):
        limits.before("192.0.2.1", f"guess {number}")
        limits.wrong("192.0.2.1", f"guess {number}")
    with pytest.raises(TooMany, match="too many wrong credentials from this address"):
        limits.before("192.0.2.1", "the right one")
    limits.before("192.0.2.1", "known")
    limits.before("192.0.2.2", "the right one")
    limits.wrong("192.0.2.1", "known")
    with pytest.raises(TooMany):
        limits.before("192.0.2.1", "known")
    steady.at += 2
    limits.before("192.0.2.1", "the right one")


def test_addresses_of_one_ipv6_network_share_a_limit(limits: Limits) -> None:
    for number in range(STRANGER.at_once):
        limits.stranger(f"2001:db8::{number:x}")
    with pytest.raises(TooMany):
        limits.stranger("2001:db8::ffff:1")
    limits.stranger("2001:db8:0:1::1")
    for number in range(200):
        limits.stranger(f"::ffff:192.0.2.{number}")


def test_memory_is_bounded_however_many_ask(limits: Limits) -> None:
    for number in range(1000):
        limits.stranger(f"10.0.{number // 250}.{number % 250}")
        limits.wrong(f"10.0.{number // 250}.{number % 250}", f"guess {number}")
        limits.good(f"hash {number}")
        limits.take("node", f"{number}" * 10_000, NODE)
    assert len(limits) <= 200
    assert len(pickle.dumps(list(limits._buckets))) < 20_000


def test_it_is_told_in_the_log_once(limits: Limits, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(STRANGER.at_once + 5):
        try:
            limits.stranger("192.0.2.1")
        except TooMany:
            continue
    assert [record.message for record in caplog.records] == ["too many requests"]


def _client(limits: Limits, token: str | None = None) -> httpx.AsyncClient:
    app = build_app(cast("Leader", Stage()), limits=limits)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://leader", headers=headers)


@pytest.mark.anyio
async def test_guessing_is_slowed_down_and_whoever_was_good_goes_on(limits: Limits) -> None:
    async with _client(limits, ADMIN) as http:
        path, guess = "/api/v1/nodes", {"Authorization": "Bearer guess"}
        assert (await http.get(path)).status_code == 200
        for _ in range(WRONG.at_once):
            assert (await http.get(path, headers=guess)).status_code == 401
        refused = await http.get(path, headers={"X-Uptop-Secret": SECRET})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
        assert refused.headers["retry-after"] == "1"
        assert (await http.get(path)).status_code == 200
        assert (await http.get("/api/push/guess")).status_code == 429


@pytest.mark.anyio
async def test_a_token_that_asks_without_end_is_told_when_to_come_again(limits: Limits) -> None:
    for _ in range(PERSON.at_once):
        limits.take("token", token_hash(ADMIN), PERSON)
    async with _client(limits, ADMIN) as http:
        assert (await http.get("/api/v1/nodes")).status_code == 429
        other = {"Authorization": f"Bearer {VIEWER}"}
        assert (await http.get("/api/v1/nodes", headers=other)).status_code == 200


@pytest.mark.anyio
async def test_heartbeats_without_end_are_refused_before_they_are_taken(limits: Limits) -> None:
    stage = Stage()
    app = build_app(cast("Leader", stage), limits=limits)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
        assert (await http.get("/api/push/known")).status_code == 200
        for _ in range(PERSON.at_once):
            limits.take("push", token_hash("known"), PERSON)
        assert (await http.get("/api/push/known/fail")).status_code == 429
    assert stage.beats == [("known", "success", "")]


@pytest.mark.anyio
async def test_a_node_that_registers_without_end_is_told_when_to_come_again(limits: Limits) -> None:
    async with _client(limits) as http:
        answers = [
            await http.post(
                "/api/probe/register", json={"id": "p"}, headers={"X-Uptop-Secret": SECRET}
            )
            for _ in range(REGISTRATION.at_once + 1)
        ]
    assert [one.status_code for one in answers[-2:]] == [200, 429]


@pytest.mark.anyio
async def test_a_node_that_asks_without_end_stands_in_no_others_way(limits: Limits) -> None:
    for _ in range(NODE.at_once):
        limits.take("node", "n1", NODE)
    async with _client(limits) as http:
        secret = {"X-Uptop-Secret": SECRET}
        statuses = [
            (await http.post("/api/probe/register", json={"id": node}, headers=secret)).status_code
            for node in ("n1", "n2")
        ]
    assert statuses == [429, 200]


@pytest.mark.anyio
async def test_pages_and_health_are_counted_by_address(limits: Limits) -> None:
    async with _client(limits) as http:
        for path in ("/static/none", "/api/health", "/api/v1/openapi.json", "/status"):
            assert (await http.get(path)).status_code != 429
        for _ in range(STRANGER.at_once - 4):
            limits.stranger("127.0.0.1")
        for path in ("/static/none", "/api/health", "/api/v1/openapi.json", "/status", "/metrics"):
            assert (await http.get(path)).status_code == 429, path
