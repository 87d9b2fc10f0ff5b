"""Threads of posts."""

from __future__ import annotations

from uptop_leader.posts import Post, PostKind, threads


def post(name: str, at: float, thread: str = "", kind: str = "investigating", **more: str) -> Post:
    return Post(
        id=name, thread=thread or name, kind=PostKind(kind), words="w", at=at, who="ada",
        title=more.get("title", ""), incident=more.get("incident"),
        monitors=tuple(more.get("monitors", "").split()),
    )  # fmt: skip


def test_posts_are_put_together_by_thread_the_newest_thread_first() -> None:
    posts = [post("b", 5), post("a2", 9, "a"), post("a", 1), post("z", 1, "a")]
    assert [[one.id for one in thread.posts] for thread in threads(posts)] == [
        ["b"],
        ["a", "z", "a2"],
    ]


def test_a_thread_is_over_when_its_newest_post_says_so() -> None:
    opened = post("a", 1)
    ended = post("b", 2, "a", "resolved")
    again = post("c", 3, "a", "monitoring")
    assert [threads(some)[0].is_over for some in ([opened], [opened, ended], [ended, again])] == [
        False,
        True,
        False,
    ]


def test_a_thread_has_the_first_title_and_all_that_its_posts_name() -> None:
    first = post("a", 1, title="Mail", monitors="m1")
    second = post("b", 2, "a", title="Other", monitors="m2 m1", incident="i")
    thread = threads([second, first])[0]
    assert (thread.title, thread.monitors, thread.incident) == ("Mail", ("m1", "m2"), "i")
    assert (thread.id, thread.started, thread.newest) == ("a", 1, second)
