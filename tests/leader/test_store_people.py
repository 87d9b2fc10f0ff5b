"""Users, tokens, the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.store_samples import NOON, OPERATOR, opened
from uptop_core.errors import ConfigError
from uptop_leader.configuration import Actor
from uptop_leader.refusals import Conflict
from uptop_leader.store.audit import AuditEntry, Wanted
from uptop_leader.store.people import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def test_a_new_store_has_no_users(store: Store) -> None:
    assert not store.people.has_users()
    user = store.people.add_user("ada", "admin", NOON)
    assert store.people.has_users()
    assert store.people.find_user("ada") == user
    assert store.people.find_user("bob") is None


def test_a_user_name_is_taken_once(store: Store) -> None:
    store.people.add_user("ada", "admin", NOON)
    with pytest.raises(ConfigError, match="'ada'"):
        store.people.add_user("ada", "viewer", NOON)


def test_a_token_speaks_for_its_user(store: Store) -> None:
    user = store.people.add_user("ada", "editor", NOON)
    store.people.add_token(user, "laptop", "hash", "up_12", None, NOON)
    assert store.people.find_token("hash", NOON) == Person(
        user=user, name="ada", role="editor", token_prefix="up_12"
    )
    assert store.people.find_token("another hash", NOON) is None


def test_an_expired_token_speaks_for_nobody(store: Store) -> None:
    user = store.people.add_user("ada", "admin", NOON)
    store.people.add_token(user, "short", "hash", "up_12", NOON + 60, NOON)
    assert store.people.find_token("hash", NOON + 59.9) is not None
    assert store.people.find_token("hash", NOON + 60) is None


def test_a_revoked_token_speaks_for_nobody(store: Store) -> None:
    user = store.people.add_user("ada", "admin", NOON)
    store.people.add_token(user, "laptop", "hash", "up_12", None, NOON)
    assert store.people.revoke_token("up_12", NOON + 1)
    assert not store.people.revoke_token("up_12", NOON + 2)
    assert store.people.find_token("hash", NOON + 3) is None
    assert store.people.tokens()[0].revoked == NOON + 1


def test_the_last_use_is_written_once_a_minute(store: Store) -> None:
    user = store.people.add_user("ada", "admin", NOON)
    store.people.add_token(user, "laptop", "hash", "up_12", None, NOON)
    used = []
    for seconds in (1, 30, 60.9, 61, 62):
        store.people.find_token("hash", NOON + seconds)
        used.append(store.people.tokens()[0].last_used)
    assert used == [NOON + 1, NOON + 1, NOON + 1, NOON + 61, NOON + 61]


def test_tokens_are_shown_without_their_hash(store: Store) -> None:
    user = store.people.add_user("ada", "admin", NOON)
    store.people.add_token(user, "laptop", "the-hash", "up_12", NOON + 5, NOON)
    (token,) = store.people.tokens()
    assert (token.prefix, token.name, token.user, token.role) == ("up_12", "laptop", "ada", "admin")
    assert (token.created, token.expires, token.last_used) == (NOON, NOON + 5, None)
    assert "the-hash" not in repr(token)


def test_a_user_gets_another_role_and_goes_with_all_tokens(store: Store) -> None:
    store.people.add_user("ada", "admin", NOON)
    bob = store.people.add_user("bob", "viewer", NOON + 1)
    store.people.add_token(bob, "laptop", "hash", "up_12", None, NOON)
    assert store.people.change_role(bob, "editor", NOON, OPERATOR)
    assert store.people.users()[1].role == "editor"
    assert store.people.drop_user(bob, NOON, OPERATOR)
    assert store.people.find_token("hash", NOON) is None
    assert [user.name for user in store.people.users()] == ["ada"]
    assert [entry.what for entry in store.audit_log()] == ["user deleted", "user changed"]
    assert not store.people.change_role(bob, "admin", NOON)
    assert not store.people.drop_user(bob, NOON)


def test_one_admin_stays(store: Store) -> None:
    ada = store.people.add_user("ada", "admin", NOON)
    with pytest.raises(Conflict, match="only admin"):
        store.people.change_role(ada, "viewer", NOON)
    with pytest.raises(Conflict, match="only admin"):
        store.people.drop_user(ada, NOON)
    store.people.add_user("bob", "admin", NOON)
    assert store.people.drop_user(ada, NOON)


def test_the_audit_log_is_filtered_and_goes_on_before_a_number(store: Store) -> None:
    other = Actor(name="bob", source="command line")
    store.audit(OPERATOR, "user added", "carl", NOON)
    store.audit(other, "user changed", "carl", NOON + 1)
    store.audit(other, "user_changed", "dora", NOON + 2)

    newest = store.audit_log(1)[0].number

    def found(**wanted: Any) -> list[int]:
        return [entry.number - newest + 3 for entry in store.audit_log(10, Wanted(**wanted))]

    assert found() == [3, 2, 1]
    assert found(before=newest) == [2, 1]
    assert found(who="bob") == [3, 2]
    assert found(what="user ") == [2, 1]
    assert found(what="user_") == [3]
    assert found(about="carl") == [2, 1]
    assert found(since=NOON + 1, until=NOON + 2) == [2]


def test_the_audit_log_tells_the_newest_first(store: Store) -> None:
    for number in range(3):
        store.audit(OPERATOR, "token made", f"laptop {number}", NOON + number)
    found = store.audit_log(2)
    assert found == [
        AuditEntry(
            number=found[0].number - 2 + number,
            at=NOON + number,
            who="ada",
            source="127.0.0.1",
            what="token made",
            about=f"laptop {number}",
        )
        for number in (2, 1)
    ]
