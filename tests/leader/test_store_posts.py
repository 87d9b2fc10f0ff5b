"""Posts: written, changed, removed, and found again by thread and by incident."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.store_samples import NOON, OPERATOR, opened
from uptop_leader.posts import Post, PostKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address, Dsn
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
    store.posts.add(post("a", incident="i"), OPERATOR, NOON)
    assert store.posts.one("a") == post("a", incident="i")
    assert store.posts.one("b") is None


def test_a_post_can_be_changed_and_the_log_says_who_did(store: Store) -> None:
    store.posts.add(post("a"), OPERATOR, NOON)
    found = store.posts.edit(
        "a", lambda before: replace(before, words="Found.", monitors=()), OPERATOR, NOON + 5
    )
    assert found == store.posts.one("a")
    assert store.posts.newest() == [replace(post("a"), words="Found.", monitors=())]
    assert [(entry.what, entry.about, entry.who) for entry in store.audit_log()] == [
        ("post changed", "A", "ada"),
        ("post added", "A", "ada"),
    ]


def test_posts_are_listed_the_newest_first_and_page_by_page(store: Store) -> None:
    for number, name in enumerate("abc"):
        store.posts.add(post(name, at=number, incident="i" if name != "b" else None), OPERATOR, 0)
    assert [one.id for one in store.posts.newest(limit=2)] == ["c", "b"]
    assert [one.id for one in store.posts.newest(before=NOON + 1)] == ["a"]
    assert [one.id for one in store.posts.newest(incident="i")] == ["c", "a"]


def test_a_thread_is_read_whole_however_old_its_beginning(store: Store) -> None:
    store.posts.add(post("old"), OPERATOR, NOON)
    store.posts.add(post("quiet", at=10), OPERATOR, NOON)
    store.posts.add(post("more", at=20, thread="old"), OPERATOR, NOON)
    assert [one.id for one in store.posts.of_newest_threads(limit=1)] == ["old", "more"]
    assert [one.id for one in store.posts.of_thread("old")] == ["old", "more"]


def test_the_first_post_takes_its_thread_along(store: Store) -> None:
    store.posts.add(post("first"), OPERATOR, NOON)
    for name in ("second", "third"):
        store.posts.add(post(name, at=9, thread="first"), OPERATOR, NOON)
    assert store.posts.drop("second", OPERATOR, NOON) == ("second",)
    assert [one.id for one in store.posts.newest()] == ["third", "first"]
    assert set(store.posts.drop("first", OPERATOR, NOON)) == {"first", "third"}
    assert store.posts.newest() == []
    assert not store.posts.drop("first", OPERATOR, NOON)


def test_nobody_goes_on_with_a_thread_or_changes_a_post_that_is_gone(store: Store) -> None:
    store.posts.add(post("first"), OPERATOR, NOON)
    store.posts.add(post("second", thread="first"), OPERATOR, NOON)
    assert not store.posts.add(post("third", thread="second"), OPERATOR, NOON)
    store.posts.drop("first", OPERATOR, NOON)
    assert not store.posts.add(post("third", thread="first"), OPERATOR, NOON)
    assert store.posts.edit("first", lambda before: before, OPERATOR, NOON) is None
    assert store.posts.newest() == []


def test_a_refused_change_leaves_a_post_as_it_is(store: Store) -> None:
    def refuse(_: Post) -> Post:
        raise KeyError

    store.posts.add(post("a"), OPERATOR, NOON)
    for change in (
        lambda: store.posts.edit("a", refuse, OPERATOR, NOON),
        lambda: store.posts.drop("a", OPERATOR, NOON, refuse),
    ):
        with pytest.raises(KeyError):
            change()
    assert store.posts.newest() == [post("a")]
    assert [entry.what for entry in store.audit_log()] == ["post added"]


def test_two_leaders_lose_no_change_of_a_post_and_none_comes_back(dsn: Dsn) -> None:
    def add_words(store: Store) -> int:
        def one_more(before: Post) -> Post:
            return replace(before, words=before.words + "!")

        edited = (store.posts.edit("a", one_more, OPERATOR, NOON) for _ in range(20))
        return sum(one is not None for one in edited)

    with opened(dsn) as here, opened(dsn) as there, ThreadPoolExecutor(3) as pool:
        here.posts.add(replace(post("a"), words="?"), OPERATOR, NOON)
        assert list(pool.map(add_words, (here, there))) == [20, 20]
        found = there.posts.one("a")
        assert found is not None
        assert found.words == "?" + 40 * "!"
        both = [pool.submit(add_words, store) for store in (here, there)]
        here.posts.drop("a", OPERATOR, NOON)
        assert all(one.result() <= 20 for one in both)
        assert there.posts.one("a") is None
