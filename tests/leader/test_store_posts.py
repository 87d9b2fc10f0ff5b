"""Posts: written, changed, removed, and found again by thread and by incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.store_samples import NOON, OPERATOR, opened
from uptop_leader.posts import Post, PostKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def post(name: str, at: float = 0, thread: str = "", incident: str | None = None) -> Post:
    return Post(
        id=name,
        thread=thread or name,
        kind=PostKind.INVESTIGATING,
        words=f"We look into {name}.",
        at=NOON + at,
        who="ada",
        title=name.title(),
        incident=incident,
        monitors=("m1", "m2"),
    )


def test_a_post_comes_back_as_it_was_written(store: Store) -> None:
    store.posts.put(post("a", incident="i"), OPERATOR, NOON)
    assert store.posts.one("a") == post("a", incident="i")
    assert store.posts.one("b") is None


def test_a_post_can_be_changed_and_the_log_says_who_did(store: Store) -> None:
    store.posts.put(post("a"), OPERATOR, NOON)
    store.posts.put(replace(post("a"), words="Found.", monitors=()), OPERATOR, NOON + 5)
    assert store.posts.newest() == [replace(post("a"), words="Found.", monitors=())]
    assert [(entry.what, entry.about, entry.who) for entry in store.audit_log()] == [
        ("post changed", "A", "ada"),
        ("post added", "A", "ada"),
    ]


def test_posts_are_listed_the_newest_first_and_page_by_page(store: Store) -> None:
    for number, name in enumerate("abc"):
        store.posts.put(post(name, at=number, incident="i" if name != "b" else None), OPERATOR, 0)
    assert [one.id for one in store.posts.newest(limit=2)] == ["c", "b"]
    assert [one.id for one in store.posts.newest(before=NOON + 1)] == ["a"]
    assert [one.id for one in store.posts.newest(incident="i")] == ["c", "a"]


def test_a_thread_is_read_whole_however_old_its_beginning(store: Store) -> None:
    store.posts.put(post("old"), OPERATOR, NOON)
    store.posts.put(post("quiet", at=10), OPERATOR, NOON)
    store.posts.put(post("more", at=20, thread="old"), OPERATOR, NOON)
    assert [one.id for one in store.posts.of_newest_threads(limit=1)] == ["old", "more"]
    assert [one.id for one in store.posts.of_thread("old")] == ["old", "more"]


def test_the_first_post_takes_its_thread_along(store: Store) -> None:
    store.posts.put(post("first"), OPERATOR, NOON)
    for name in ("second", "third"):
        store.posts.put(post(name, at=9, thread="first"), OPERATOR, NOON)
    assert store.posts.drop("second", OPERATOR, NOON)
    assert [one.id for one in store.posts.newest()] == ["third", "first"]
    assert store.posts.drop("first", OPERATOR, NOON)
    assert store.posts.newest() == []
    assert not store.posts.drop("first", OPERATOR, NOON)
