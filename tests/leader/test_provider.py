"""What providers have in common: settings checked at the door, secrets kept, threads bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import anyio
import pytest

from tests.leader.receivers import DEADLINE_S, DOWN, WORDS, client, failure, http_receiver, send
from uptop_core.errors import DeliveryError, Problem
from uptop_leader.post import Request, post
from uptop_leader.provider import (
    address_problems,
    endpoint,
    in_thread,
    url_problems,
    word_problems,
)
from uptop_leader.providers.discord import Discord
from uptop_leader.providers.slack import Slack
from uptop_leader.providers.telegram import Telegram
from uptop_leader.providers.webhook import Webhook

pytestmark = pytest.mark.anyio


def wrong(problems: Iterator[Problem]) -> bool:
    return bool(list(problems))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://a/b",
        "https://",
        "http://a b/",
        "http://a:99999/",
        "http://[::1/",
        "http://a\n",
    ],
)
def test_a_url_that_cannot_be_asked_is_told_without_showing_it(url: str) -> None:
    (problem,) = url_problems("url", url)
    assert str(problem).startswith("url: must be a URL")
    assert not url or url not in str(problem).replace("http:// or https:// ", "")


def test_good_settings_have_no_problem() -> None:
    assert not wrong(url_problems("url", "http://[::1]:8080/a?b=c"))
    assert not wrong(word_problems("token", "a-Z_09:"))
    assert not wrong(address_problems("to", "a@b.org, Ops Team <ops@example.com>"))


@pytest.mark.parametrize("word", ["", "a b", "a\n", "schlüssel"])
def test_a_token_that_cannot_be_sent_is_told(word: str) -> None:
    assert wrong(word_problems("token", word))


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@b", "a@b.org\nBcc: c@d.org", "a@b.org, c", "ä@b.c"]
)
def test_an_address_that_is_none_is_told(text: str) -> None:
    assert wrong(address_problems("to", text))


def test_a_path_is_added_once() -> None:
    assert endpoint("https://a/", "/v2/enqueue") == "https://a/v2/enqueue"
    assert endpoint("https://a/v2/enqueue", "/v2/enqueue") == "https://a/v2/enqueue"


def test_a_service_that_repeats_our_secrets_is_not_quoted_with_them() -> None:
    slack = Slack(url="https://hooks.example.com/services/T0SECRET/p%40ssw0rd?key=abcd1234")
    said = slack.scrub("no /T0SECRET, p@ssw0rd, abcd1234\n at\x00 http://hooks.example.com/x y")
    assert said == "no /…, …, … at … y"
    assert len(slack.scrub("x" * 500)) == 160
    hook = Webhook(url="https://a.example.com", headers={"Authorization": "Bearer tok"})
    assert hook.scrub("got Bearer tok") == "got …"


async def test_a_redirect_is_not_followed_because_it_would_take_the_secrets_along() -> None:
    async with http_receiver() as other, http_receiver() as receiver:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        error = await failure(Discord(url=receiver.url))
        assert error.permanent
        assert "redirects are not followed" in str(error)
        assert other.received == []


async def test_a_wait_is_read_from_the_answer_where_services_write_it() -> None:
    async with http_receiver() as receiver:
        receiver.status = 429
        for body, seconds in (
            (b'{"retry_after": 1.5}', 1.5),
            (b'{"parameters": {"retry_after": 30}}', 30),
            (b'{"retry_after": "soon"}', None),
            (b"[1]", None),
            (b"\xff", None),
        ):
            receiver.body = body
            assert (await failure(Discord(url=receiver.url))).retry_after_s == seconds
        for header, wait in (
            ("-5", 0),
            ("1e12", 86_400),
            ("inf", None),
            ("nan", None),
            ("Fri", None),
        ):
            receiver.headers = {"Retry-After": header}
            assert (await failure(Discord(url=receiver.url))).retry_after_s == wait


async def test_the_words_of_a_service_are_quoted_as_far_as_they_help() -> None:
    async with http_receiver() as receiver:
        receiver.status = 400
        for body, words in (
            (b'{"ok": false, "description": "chat not found"}', ": chat not found"),
            (b'{"status": 0, "errors": ["token is bad", "user too"]}', ": token is bad, user too"),
            (b'{"message": {"a": 1}}', ""),
            (b"invalid_payload", ": invalid_payload"),
            (b"<html>no</html>", ""),
            (b"[]", ""),
            (b"x" * 100_000, ": " + "x" * 160),
        ):
            receiver.body = body
            error = await failure(Discord(url=receiver.url))
            assert str(error) == f"the service answered 400{words}"


async def test_a_gateway_that_gave_up_waiting_leaves_it_open_whether_it_arrived() -> None:
    async with http_receiver() as receiver:
        receiver.status = 504
        error = await failure(Discord(url=receiver.url))
        assert (error.permanent, error.unknown) == (False, True)


async def test_an_answer_that_never_ends_is_not_read_to_its_end() -> None:
    async with http_receiver() as receiver:
        receiver.body = b"x" * 5_000_000
        await send(Discord(url=receiver.url))
        receiver.status = 500
        assert len(str(await failure(Discord(url=receiver.url)))) < 200


async def test_settings_that_make_no_request_are_a_permanent_error() -> None:
    async with client() as http:
        for url in ("nonsense", "http://a\x00b/", "http://" + "x" * 70 + "ä/", "ftp://a/"):
            with pytest.raises(DeliveryError) as caught:
                await post(http, Request(url=url), None)
            assert caught.value.permanent, url


async def test_a_telegram_token_in_the_path_is_not_told() -> None:
    async with http_receiver() as receiver:
        receiver.status, receiver.body = 404, b"no route /bot123:ABCDEF/sendMessage"
        error = await failure(Telegram(token="123:ABCDEF", chat_id=1, api_url=receiver.url))
        assert "ABCDEF" not in str(error)


async def test_a_thread_that_hangs_is_left_alone_and_its_slot_stays_taken() -> None:
    slots, begun, end = threading.BoundedSemaphore(1), anyio.Event(), threading.Event()
    aborted: list[bool] = []

    def hang() -> bool:
        anyio.from_thread.run_sync(begun.set)
        return end.wait(DEADLINE_S)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(in_thread, hang, lambda: aborted.append(True), slots)
            await begun.wait()
            tasks.cancel_scope.cancel()
    assert aborted == [True]
    with pytest.raises(DeliveryError, match="too many deliveries"):
        await in_thread(lambda: None, lambda: None, slots)
    end.set()
    with anyio.fail_after(DEADLINE_S):
        while not slots.acquire(blocking=False):
            await anyio.sleep(0.01)


async def test_a_message_without_a_body_is_sent_all_the_same() -> None:
    async with http_receiver() as receiver:
        await send(Slack(url=receiver.url), DOWN, type(WORDS)("DOWN: API", ""))
        assert receiver.only.json["text"] == "*DOWN: API*\n"
