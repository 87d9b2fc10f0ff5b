"""Node keys beside a leader that runs: in force at once, in the copy too, and while the database is
away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import anyio
import httpx
import pytest

from tests.leader.running import Running
from tests.leader.store_samples import NOON, OPERATOR, opened
from tests.leader.test_copying import a_pair, copy_changes, copy_everything
from uptop_core.errors import StoreError
from uptop_leader.leader import CONFIG_S
from uptop_leader.node_keys import LOOK_S, KeyBook, new_key
from uptop_leader.refusals import Conflict, NotThere
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.store.node_keys import uses
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.node_keys import NodeKey, NodeKeys

PATIENCE_S = 30.0


def _until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_revoked_key_is_refused_by_a_running_leader_within_two_seconds(tmp_path: Path) -> None:
    """How long each part of the way may take; a loaded machine is given longer."""
    assert LOOK_S + CONFIG_S <= 2
    key = new_key()
    with Running(tmp_path) as leader, httpx.Client(base_url=leader.url, trust_env=False) as http:
        beside = Store.open(tmp_path / "uptop.db", Keyring(), 0.0)

        def register() -> int:
            body, headers = {"id": "n", "instance": "one"}, {"Authorization": f"Bearer {key}"}
            return http.post("/api/probe/register", json=body, headers=headers).status_code

        def state() -> str:
            admin = {"Authorization": "Bearer the-admins-token"}
            found: str = http.get("/api/v1/nodes/n", headers=admin).json()["state"]
            return found

        try:
            assert register() == 401
            beside.node_keys.add("n", "", token_hash(key), key[:12], time.time(), OPERATOR)
            _until("the key is good", lambda: register() == 200)
            assert state() == "online"
            beside.node_keys.revoke("n", time.time(), OPERATOR)
            _until("the key is refused", lambda: register() == 401)
            _until("the node has left", lambda: state() == "left")
            beside.node_keys.forget("n", time.time(), OPERATOR)
            _until("the node is forgotten", lambda: "n" not in beside.load().nodes)
            _until("nothing is left to do", lambda: not beside.errands.waiting())
        finally:
            beside.close()


def test_keys_are_copied_and_their_use_makes_no_copy_differ(tmp_path: Path) -> None:
    with a_pair(tmp_path) as (leader, copy):
        leader.node_keys.add("n", "eu", "hash", "un_1", NOON, OPERATOR)
        copy_everything(leader, copy)
        assert copy.node_keys.by_hash() == leader.node_keys.by_hash()
        before = copy.node_keys.edition()
        leader.node_keys.revoke("n", NOON + 1, OPERATOR)
        leader.node_keys.add("n", "eu", "other", "un_2", NOON + 2, OPERATOR)
        copy_changes(leader, copy)
        assert copy.node_keys.by_hash() == leader.node_keys.by_hash()
        assert copy.node_keys.edition() != before
        copy.node_keys.note_use("other", NOON + 3)
        leader.node_keys.note_use("other", NOON + 4)
        digests = leader.copies.digests(leader.copies.newest(), 0).digests
        assert "nodekey" in digests
        assert digests["nodekey"] == copy.copies.own_digests(0).digests["nodekey"]
        leader.node_keys.forget("n", NOON + 5, OPERATOR)
        copy_changes(leader, copy)
        assert copy.node_keys.all() == []


def test_a_key_is_good_until_it_is_replaced_or_revoked(address: Address) -> None:
    with opened(address) as store:
        keys = store.node_keys
        with pytest.raises(NotThere):
            keys.rotate("n", "first", "un_1", 60, NOON, OPERATOR)
        keys.add("n", "eu", "first", "un_1", NOON, OPERATOR)
        with pytest.raises(Conflict, match="has a key already"):
            keys.add("n", "eu", "other", "un_x", NOON, OPERATOR)
        assert uses(keys.by_hash(), NOON) == {"n": None}
        keys.rotate("n", "second", "un_2", 60, NOON + 1, OPERATOR)
        keys.rotate("n", "third", "un_3", 3600, NOON + 2, OPERATOR)
        keys.note_use("second", NOON + 3)
        assert [key.expires for key in keys.all()] == [NOON + 61, NOON + 3602, None]
        assert uses(keys.by_hash(), NOON + 100) == {"n": NOON + 3}
        assert keys.revoke("n", NOON + 100, OPERATOR)
        assert not keys.revoke("n", NOON + 101, OPERATOR)
        assert uses(keys.by_hash(), NOON + 102) == {}
        keys.add("n", "us", "fourth", "un_4", NOON + 103, OPERATOR)
        assert store.config_version() == 5


class Away:
    """A database that goes away."""

    def __init__(self, keys: dict[str, NodeKey]) -> None:
        self.keys = keys
        self.is_away = False
        self.asked = 0

    def edition(self) -> tuple[int, int]:
        self.asked += 1
        if self.is_away:
            raise StoreError("the disk is gone")
        return len(self.keys), 0

    def by_hash(self) -> dict[str, NodeKey]:
        return dict(self.keys)

    def note_use(self, key_hash: str, now: float) -> None:
        if self.is_away:
            raise StoreError(f"{key_hash} {now}")


@pytest.mark.anyio
async def test_while_the_database_is_away_known_keys_stay_in_force(address: Address) -> None:
    with opened(address) as store:
        store.node_keys.add("n", "", token_hash("un_k"), "un_k", NOON, OPERATOR)
        away, at = Away(store.node_keys.by_hash()), [0.0]
    away.is_away = True
    book = KeyBook(cast("NodeKeys", away), lambda: 1, lambda: at[0])
    with pytest.raises(StoreError):
        await book.find("un_k")
    away.is_away = False
    assert (await book.find("un_k")) is not None
    away.is_away = True
    at[0] += LOOK_S
    assert (await book.find("un_k")) is not None
    await book.note_use("un_k", NOON)
    asked = away.asked
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(book.find, "un_other")
    assert away.asked == asked, "a second has not gone by"
