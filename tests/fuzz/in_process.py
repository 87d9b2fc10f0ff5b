"""Asks put to a leader over ASGI: no socket, and nothing between them and the app that would refuse."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import anyio
import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message

from tests.fuzz.asks import Ask, ask
from tests.leader.credentials import KEYS, PUSH, SECRET, Beside, leader_for_all
from tests.leader.helms import Helm
from uptop_core.logs import TextLines
from uptop_leader.api.app import build_app
from uptop_leader.api.limits import Limits

_OF_ONE = 500  # asks to one leader, before who is let in has taken too much of it away
_HEALTH = Ask(0, "GET", b"/api/health", b"", ((b"host", b"leader"),), (), "none")
_HANGS_S = 60.0  # when an answer is taken never to come
_TOLD = (502, "not_delivered")  # what a receiver of messages did is told as it is
_GOOD = frozenset({"secret", "node key", "other key", "viewer", "editor", "admin", "push token"})
_REFUSED = b"node key refused"


class Answered(Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Log(logging.Handler):
    """Keeps what is said, as it is written, and whether it was a bug."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TextLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))


def run(seed: int, numbers: range) -> Counter[str]:
    """Put all these asks to one leader; how often what came out. Fails at the first that does not
    hold, and where the leader is not well afterwards."""
    return anyio.run(put, seed, numbers)


async def put(seed: int, numbers: range) -> Counter[str]:
    """The same in an event loop that there is."""
    found: Counter[str] = Counter()
    for begin in range(0, len(numbers), _OF_ONE):
        async with asked() as (helm, app):
            endpoints = endpoints_of(app)
            with logged() as log:
                for number in numbers[begin : begin + _OF_ONE]:
                    found[await _tried(ask(seed, number, endpoints), seed, app, helm, log)] += 1
            health = await answered(_HEALTH, app)
            assert health.status == 200, health
    return found


async def _tried(one: Ask, seed: int, app: Starlette, helm: Helm, log: Log) -> str:
    try:
        status = await _judged(one, app, helm, log)
    except Exception as error:
        raise AssertionError(f"asks --seed {seed} --only {one.number}: {error!r}") from error
    log.lines.clear()
    return f"{status // 100}xx"


@contextlib.asynccontextmanager
async def asked() -> AsyncIterator[tuple[Helm, Starlette]]:
    """A leader to be asked. Nobody is told to come later: its clock for that runs fast."""
    fast = count(step=1000)
    with tempfile.TemporaryDirectory(prefix="uptop-fuzz-") as folder:
        async with leader_for_all(Path(folder)) as helm:
            yield helm, build_app(helm.leader, Beside(helm), limits=Limits(lambda: next(fast)))


def endpoints_of(app: Starlette) -> tuple[tuple[str, str], ...]:
    """Methods and paths."""
    return tuple(
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    )


@contextlib.contextmanager
def logged() -> Iterator[Log]:
    """All that is logged in this block, and nowhere else."""
    log, root = Log(), logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [log]
    try:
        yield log
    finally:
        root.handlers[:] = before


async def answered(one: Ask, app: Starlette) -> Answered:
    """What the app answers."""
    pieces = iter(one.body)
    left = len(one.body)
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal left
        left -= 1
        if left < 0:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": next(pieces), "more_body": left > 0}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "method": one.method,
        "path": unquote(one.path.decode("ascii")),
        "raw_path": one.path,
        "query_string": one.query,
        "headers": list(one.headers),
        "state": {},
    }
    with anyio.fail_after(_HANGS_S):
        await app(scope, receive, send)
    begin, *rest = sent
    assert rest, "the answer did not end"
    assert not rest[-1].get("more_body"), "the answer did not end"
    headers = {name.decode().lower(): value.decode() for name, value in begin["headers"]}
    return Answered(begin["status"], headers, b"".join(part.get("body", b"") for part in rest))


async def _judged(one: Ask, app: Starlette, helm: Helm, log: Log) -> int:
    before = helm.store.config_version()
    answer = await answered(one, app)
    assert answer.status < 500 or (answer.status, _code(answer)) == _TOLD, (one, answer, log.lines)
    said = "\n".join(log.lines)
    assert "Traceback" not in said, said
    assert b"Traceback" not in answer.body, answer
    if answer.status >= 400 and one.method != "HEAD":
        assert answer.headers["content-type"].startswith(("application/problem+json", "text/html"))
    if one.credential not in _GOOD:
        assert helm.store.config_version() == before, "a stranger has changed something"
    for secret in (SECRET, PUSH, *KEYS.values()):
        assert secret not in said, said
        is_asked = one.path.endswith(b"/push-address") or secret.encode() in b"".join(one.body)
        assert is_asked or secret.encode() not in answer.body, answer
    return answer.status


def _code(answer: Answered) -> str:
    return str(msgspec.json.decode(answer.body).get("code", ""))
