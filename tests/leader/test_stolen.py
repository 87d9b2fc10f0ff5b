"""What a thief gets, and what not, by what was stolen: the lines of `docs/security.md` that no other
test shows.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from tests.leader.credentials import KEYS, PUSH, SECRET, TOKENS, Beside, leader_for_all
from tests.leader.helms import api, at_the_helm, hook
from tests.leader.store_samples import KEY, OPERATOR
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.errors import SealError
from uptop_core.monitors import Monitor
from uptop_leader.api.app import build_app
from uptop_leader.node_keys import new_key
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.states import Belief
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.leader.helms import Helm

pytestmark = pytest.mark.anyio

_HERS, _HIS, _CHAT = "password-of-the-eu", "password-of-the-us", "path-of-the-chat"


def _behind(name: str, region: str, password: str) -> Monitor:
    check = HttpCheck(url=f"https://{name}.example.com/", username="u", password=password)
    return Monitor(id=name, name=name, check=check, regions=(region,), channels=("c",))


def _client(helm: Helm) -> httpx.AsyncClient:
    app = build_app(helm.leader, Beside(helm))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://leader")


async def test_a_stolen_probe_knows_what_its_own_checks_need_and_nothing_else(
    tmp_path: Path,
) -> None:
    things = _behind("a", "eu", _HERS), _behind("b", "us", _HIS)
    chat = hook(url=f"http://127.0.0.1:9/{_CHAT}")
    async with at_the_helm(tmp_path / "uptop.db", *things, chat, cluster_secret=SECRET) as helm:
        key = new_key()
        helm.store.node_keys.add("n", "eu", token_hash(key), "un_", helm.clock.at, OPERATOR)
        await helm.register("n", "eu")
        async with _client(helm) as http:
            headers = {"Authorization": f"Bearer {key}"}
            answer = await http.get("/api/probe/assignments?node_id=n", headers=headers)
            assert answer.status_code == 200
            told = answer.text + (await http.get("/api/health", headers=headers)).text
    assert _HERS in told
    for unknown in (_HIS, _CHAT, "b.example.com", SECRET, KEY.hex()):
        assert unknown not in told


@pytest.mark.parametrize(
    ("rule", "belief"), [("majority-down", Belief.UP), ("any-down", Belief.DOWN)]
)
async def test_a_node_that_lies_is_outvoted_where_a_majority_decides(
    tmp_path: Path, rule: str, belief: Belief
) -> None:
    monitor = api(aggregation=rule)
    async with at_the_helm(tmp_path / "uptop.db", hook(), monitor) as helm:
        for node in ("thief", "one", "two"):
            await helm.register(node, node)
        for node in ("thief", "one", "two"):
            await helm.sees(node)
        assert helm.state().belief is Belief.UP
        await helm.sees("thief", up=False)
        for _ in range(10):
            helm.clock.at += 5
            await helm.engine.turn()
            if helm.state().run is not None:
                for node in ("thief", "one", "two"):
                    await helm.answers(node, up=node != "thief")
                    if helm.state().run is None:
                        break
        assert helm.state().belief is belief


async def test_who_copies_a_leader_gets_no_token_and_no_node_key(tmp_path: Path) -> None:
    async with leader_for_all(tmp_path) as helm, _client(helm) as http:
        headers = {"X-Uptop-Secret": SECRET}
        for thing in ("token", "nodekey", "user"):
            answer = await http.get(f"/api/follower/rows?thing={thing}", headers=headers)
            rows = answer.json()["rows"]
            assert rows, thing
            shown = {str(value) for row in rows for value in row["row"].values()}
            hashes = {token_hash(one) for one in (*KEYS.values(), *TOKENS)}
            assert not shown & set(KEYS.values())
            assert thing == "user" or shown & hashes, "what is there of them"


def _texts(database: Path) -> Iterator[str]:
    """Every text and every blob that is one, of every row."""
    with contextlib.closing(sqlite3.connect(database)) as opened:
        tables = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in opened.execute(f'SELECT * FROM "{table}"'):
                yield from (value for value in row if isinstance(value, str) and value)


async def test_nothing_that_stands_in_a_stolen_database_opens_the_door(tmp_path: Path) -> None:
    """With each text of the tables of credentials, and shown in each way. The names of the tokens
    in this leader are the tokens themselves, which are told apart by hand."""
    async with leader_for_all(tmp_path) as helm:
        stolen = tmp_path / "stolen.db"
        await anyio.to_thread.run_sync(helm.store.backup, stolen)
        found = set(_texts(stolen))
        hashes = {text for text in found if len(text) == 64}
        assert {token_hash("admin"), token_hash(KEYS["node key"])} <= hashes
        assert not found & {SECRET, PUSH, *KEYS.values()}
        for text in sorted(hashes):
            async with _client(helm) as http:  # each from the start of its limits
                bearer = {"Authorization": f"Bearer {text}"}
                asked = [
                    await http.get("/api/v1/monitors", headers=bearer),
                    await http.get("/api/v1/monitors", headers={"X-Uptop-Secret": text}),
                    await http.get("/api/probe/assignments?node_id=n", headers=bearer),
                    await http.get(f"/api/push/{text}"),
                ]
            assert [one.status_code for one in asked] == [401, 401, 401, 404]


async def test_a_stolen_backup_without_the_key_holds_no_secret_in_clear_and_opens_none(
    tmp_path: Path,
) -> None:
    push = Monitor(id="p", name="p", check=PushCheck(token=PUSH), interval=60.0)
    things = _behind("a", "eu", _HERS), push, hook(url=f"http://127.0.0.1:9/{_CHAT}")
    async with at_the_helm(tmp_path / "uptop.db", *things) as helm:
        helm.store.backup(tmp_path / "stolen.db")
        now = helm.clock.at
    stolen = (tmp_path / "stolen.db").read_bytes()
    for secret in (_HERS, PUSH, _CHAT):
        assert secret.encode() not in stolen
    assert b"a.example.com" in stolen, "where the checks go is no secret"
    for keys in ([], [bytes(32)]):
        with pytest.raises(SealError):
            Store.open(tmp_path / "stolen.db", Keyring(keys), now).load()
