"""apprise: other services by URL; here its own `json://`, which posts to any server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.leader.receivers import (
    DEADLINE_S,
    DOWN,
    WORDS,
    assert_tells_no_secret,
    but,
    client,
    failure,
    http_receiver,
    send,
)
from uptop_leader.providers.apprise import Apprise

pytestmark = [
    pytest.mark.anyio,
    # The library imports a module of the standard library that is on its way out.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


def through(url: str) -> Apprise:
    return Apprise(url=url.replace("http://", "json://") + "/SECRET?rto=5&cto=5")


async def test_a_notification_reaches_the_service() -> None:
    async with http_receiver() as receiver:
        await send(through(receiver.url))
        await send(through(receiver.url), but(event="up"))
        await send(through(receiver.url), but(event="cert"))
    assert receiver.received[0].path.startswith("/SECRET")
    assert receiver.received[0].json["title"] == "DOWN: API"
    assert receiver.received[0].json["message"] == WORDS.body
    types = [got.json["type"] for got in receiver.received]
    assert types == ["failure", "success", "warning"]


@pytest.mark.parametrize("where", ["{path}", "file://{path}", "http://127.0.0.1:9/card.json"])
def test_a_url_that_would_have_a_file_or_an_address_read_is_not_taken(
    where: str, tmp_path: Path
) -> None:
    path = tmp_path / "card.json"
    path.write_text("{}")
    url = f"workflows://chat.example.com/WF/SIG/?template={where.format(path=path)}"
    (problem,) = Apprise(url=url).problems()
    assert problem.message.startswith("is not a URL that Apprise knows")
    assert not list(Apprise(url="workflows://chat.example.com/WF/SIG/").problems())


async def test_a_failure_may_pass_and_tells_no_secret() -> None:
    async with http_receiver() as receiver:
        receiver.status = 500
        refused = await failure(through(receiver.url))
    away = await failure(through(receiver.url))
    for error in (refused, away):
        assert not error.permanent
        assert_tells_no_secret(error, ("SECRET", receiver.url))


async def test_what_the_library_logs_is_dropped_because_it_tells_urls(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    for url in ("nosuchthing://SECRET", "slack://SECRET", "json://127.0.0.1:1/SECRET?cto=1"):
        await failure(Apprise(url=url))
    assert "SECRET" not in caplog.text


async def test_a_service_that_hangs_can_be_left() -> None:
    with anyio.fail_after(DEADLINE_S):
        async with (
            http_receiver() as receiver,
            client() as http,
            anyio.create_task_group() as tasks,
        ):
            receiver.silent = True
            tasks.start_soon(through(receiver.url).send, DOWN, WORDS, http)
            await receiver.arrived.wait()
            tasks.cancel_scope.cancel()


async def test_a_url_that_apprise_does_not_know_is_a_permanent_error() -> None:
    unknown = Apprise(url="nosuchthing://SECRET")
    error = await failure(unknown)
    assert error.permanent
    assert "SECRET" not in str(error)
    (problem,) = unknown.problems()
    assert problem.field == "url"
    assert "SECRET" not in str(problem)


def test_the_library_is_imported_only_when_a_channel_uses_it() -> None:
    program = "import sys, uptop_leader.provider_kinds; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
