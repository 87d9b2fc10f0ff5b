"""The way to ask by httpx: the same meaning as the engine's, and what only this way can do."""

import gzip
import inspect
from pathlib import Path
from random import Random

import anyio
import httpcore
import msgspec
import pytest
from anyio.abc import ByteStream

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    days_from_now,
    greeting,
    look_at,
    repeating,
    resetting,
    serve,
    silent,
)
from tests.core.proxy_listeners import Proxy, answering_by_http2, framed
from tests.ports import free_port
from uptop_core import HttpCheck, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.http import BODY_LIMIT, Request, Response
from uptop_core.prober.http_by_httpx import REASONS, exchange, failure
from uptop_core.prober.urls import parse_url

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


async def ask(handler: Handler, *, method: str = "GET", timeout: float = 5.0) -> Response:
    async with serve(handler) as server:
        look = Look(Vantage(allow_private=True), timeout)
        with anyio.fail_after(timeout):
            return await exchange(look, Request(method=method, url=parse_url(server.url)))


@pytest.mark.parametrize(
    "pieces",
    [
        (HELLO,),
        (OK + b"\r\nhel", b"lo"),
        (b"HTTP/1.0 200\r\n\r\nhello",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"\r\nhello"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hel") + gzip.compress(b"lo"),),
    ],
)
async def test_a_body_is_read_however_it_is_framed(pieces: tuple[bytes, ...]) -> None:
    response = await ask(answering(*pieces))
    assert (response.status, response.body, response.truncated) == (200, b"hello", False)


async def test_an_endless_body_stops_at_its_bound() -> None:
    response = await ask(repeating(OK + b"\r\n", b"x" * 65_536))
    assert len(response.body) == BODY_LIMIT
    assert response.truncated


@pytest.mark.parametrize(
    ("handler", "reason", "said"),
    [
        (closing, Reason.PROTOCOL_ERROR, "without an answer"),
        (resetting, Reason.RESET, "before it answered"),
        (greeting(b"SSH-2.0-OpenSSH_9.9\x1b[2J\r\n"), Reason.PROTOCOL_ERROR, "SSH-2.0"),
        (answering(OK + b"Content-Length: 99\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "99"),
        (answering(OK + b"Content-Encoding: gzip\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "gzip"),
        (repeating(OK, b"X-More: and more\r\n" * 99), Reason.PROTOCOL_ERROR, "too long"),
    ],
)
async def test_a_server_that_does_not_speak_http_is_named(
    handler: Handler, reason: Reason, said: str
) -> None:
    async with serve(handler) as server:
        outcome = await look_at(HttpCheck(url=server.url, http2=True))
    assert outcome.reason is reason
    assert said in outcome.detail
    assert outcome.detail.isprintable()


async def test_every_phase_is_timed_where_it_happens(tmp_path: Path) -> None:
    handler = answering(OK + b"\r\nhel", b"lo", pause_s=0.05)
    ca_file, ends = authority().write(tmp_path), days_from_now(5)
    async with serve(handler, tls=authority().context("localhost", ends=ends)) as server:
        look = Look(Vantage(allow_private=True, ca_file=ca_file), 5)
        url = parse_url(f"https://localhost:{server.port}/")
        await exchange(look, Request(method="GET", url=url))
    timings = msgspec.structs.asdict(look.timings())
    assert all(timings.values()), timings
    assert timings["transfer_ns"] >= 50_000_000
    assert timings["first_byte_ns"] < timings["transfer_ns"] <= timings["total_ns"]
    assert look.address == "127.0.0.1"
    assert look.cert_end == int(ends.timestamp()) * 1000


def test_no_error_of_httpcore_is_unmapped() -> None:
    every = [*vars(httpcore).values(), *vars(httpcore._exceptions).values()]
    errors = [one for one in every if inspect.isclass(one) and issubclass(one, Exception)]
    assert len(errors) >= 14
    for error in errors:
        assert any(kind in REASONS for kind in error.__mro__), error
        assert failure(error("said")).reason in Reason


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(silent) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await ask(answering(HELLO))).body == b"hello"
        assert proxy.connections == 0


# HTTP/2.


async def test_http2_is_spoken_where_the_target_takes_it(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2", "http/1.1"])
    answer = [(":status", "200"), ("x-a", "1"), ("x-a", "2")]
    handler = answering_by_http2(answer, b"hel", b"lo", on_request=asked.append)
    check = HttpCheck(
        url="", method="POST", body="tell", http2=True, conditions=(), headers={"X-One": "1"}
    )
    async with serve(handler, tls=context) as server:
        check = msgspec.structs.replace(check, url=f"https://localhost:{server.port}/a?b")
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.up, outcome
    assert outcome.timings.first_byte_ns is not None
    assert outcome.timings.transfer_ns is not None
    (head,) = asked
    assert (head[":method"], head[":path"], head["x-one"]) == ("POST", "/a?b", "1")
    assert head[":authority"] == f"localhost:{server.port}"


async def test_a_target_may_choose_http_1(tmp_path: Path) -> None:
    async with serve(answering(HELLO), tls=authority().context("localhost")) as server:
        check = HttpCheck(url=f"https://localhost:{server.port}/", http2=True)
        assert (await look_at(check, ca_file=authority().write(tmp_path))).up
    async with serve(answering(HELLO)) as server:
        assert (await look_at(HttpCheck(url=server.url, http2=True))).up


async def test_garbage_by_http2_is_a_protocol_error(tmp_path: Path) -> None:
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2"])
    async with serve(answering(HELLO), tls=context) as server:
        check = HttpCheck(url=f"https://localhost:{server.port}/", http2=True)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.PROTOCOL_ERROR


async def test_broken_frames_of_http2_are_the_fault_of_the_target(tmp_path: Path) -> None:
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2"])
    frames = framed([(":status", "200"), ("x-a", "b")], b"hello")
    chance, found = Random(4), set[Reason | None]()

    async def break_one(stream: ByteStream) -> None:
        await stream.receive()
        at = chance.randrange(len(frames))
        await stream.send(frames[:at] + chance.randbytes(1) + frames[at + 1 :])
        with anyio.move_on_after(0.05):
            await silent(stream)

    async with serve(break_one, tls=context) as server:
        check = HttpCheck(
            url=f"https://localhost:{server.port}/", http2=True, accepted_codes="100-599"
        )
        for _ in range(60):
            found.add((await look_at(check, ca_file=authority().write(tmp_path))).reason)
    assert {None, Reason.PROTOCOL_ERROR} <= found
    assert Reason.INTERNAL_ERROR not in found


# Proxies.


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("wants", [False, True])
async def test_a_proxy_is_asked_by_the_name_of_the_target(scheme: str, wants: bool) -> None:
    proxy = Proxy({"only.proxy.example": "127.0.0.1"}, wants=wants)
    async with serve(answering(HELLO)) as target, serve(_handler(proxy, scheme)) as listener:
        pair = "me:s3%3Acret@" if wants else ""
        check = HttpCheck(
            url=f"http://only.proxy.example:{target.port}/x",
            proxy=f"{scheme}://{pair}127.0.0.1:{listener.port}",
        )
        outcome = await look_at(check)
        assert outcome.up, outcome
        assert outcome.address == "127.0.0.1"
        assert "s3" not in "".join(target.heads)
        assert target.heads[0].startswith("GET /x HTTP/1.1\r\n")
    assert f"only.proxy.example:{target.port}" in proxy.asked[0]


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_tls_goes_through_a_proxy_to_the_target(scheme: str, tmp_path: Path) -> None:
    proxy, ends = Proxy({"127.0.0.2": "127.0.0.1"}), days_from_now(5)
    ca_file = authority().write(tmp_path)
    tls = authority().context("localhost", ends=ends)
    of_proxy = authority().context("127.0.0.1") if scheme == "https" else None
    async with (
        serve(answering(HELLO), tls=tls) as target,
        serve(_handler(proxy, scheme), tls=of_proxy) as listener,
    ):
        check = HttpCheck(
            url=f"https://localhost:{target.port}/", proxy=f"{scheme}://127.0.0.1:{listener.port}"
        )
        good = await look_at(check, ca_file=ca_file)
        ignored = await look_at(msgspec.structs.replace(check, ignore_tls=True), ca_file=ca_file)
        others = msgspec.structs.replace(check, url=f"https://127.0.0.2:{target.port}/")
        not_for = await look_at(others, ca_file=ca_file)
    assert good.up, good
    assert good.timings.tls_ns
    assert ignored.up
    assert not_for.reason is Reason.TLS_ERROR
    assert "not for 127.0.0.2" in not_for.detail
    assert {one.cert_end for one in (good, ignored, not_for)} == {int(ends.timestamp()) * 1000}


def _handler(proxy: Proxy, scheme: str) -> Handler:
    return proxy.by_socks if scheme == "socks5" else proxy.by_http


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.42.42", "[::ffff:127.0.0.1]", "0x7f.1"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_the_guard_holds_for_the_proxy(host: str, scheme: str) -> None:
    async with serve(silent) as listener:
        check = HttpCheck(url="http://example.com/", proxy=f"{scheme}://{host}:{listener.port}")
        outcome = await look_at(check, allow_private=False)
        assert outcome.reason is Reason.BLOCKED_TARGET
        assert listener.connections == 0


@pytest.mark.parametrize("host", ["169.254.169.254", "[64:ff9b::a9fe:a9fe]", "0xa9fea9fe"])
async def test_the_guard_holds_for_targets_written_as_addresses(host: str) -> None:
    async with serve(silent) as listener:
        check = HttpCheck(url=f"http://{host}/", proxy=f"http://127.0.0.1:{listener.port}")
        outcome = await look_at(check)
        assert outcome.reason is Reason.BLOCKED_TARGET
        assert listener.connections == 0


@pytest.mark.parametrize(
    ("scheme", "handler", "said"),
    [
        ("http", answering(b"HTTP/1.1 407 \x1b[2J\r\n\r\n"), "407"),
        ("http", closing, "closed"),
        ("http", resetting, "reset"),
        ("http", greeting(b"SSH-2.0-x\r\n\r\n"), "not a whole HTTP answer"),
        ("https", greeting(b"HTTP/1.1 400 x\r\n\r\n"), "does not speak TLS"),
        ("socks5", greeting(b"HTTP/1.1 400 x\r\n\r\n"), "does not speak SOCKS5"),
        ("socks5", answering(b"\x05"), "closed"),
        ("socks5", resetting, "reset"),
        ("socks5", answering(b"\x05\xff"), "wants credentials"),
        ("socks5", answering(b"\x05\x00\x05\x05\x00\x01"), "refused by the target"),
        ("socks5", answering(b"\x05\x00\x05\x63\x00\x01"), "code 99"),
        ("socks5", answering(b"\x05\x00\x05\x00\x00\x09"), "does not speak SOCKS5"),
    ],
)
async def test_a_proxy_that_does_not_connect_is_named(
    scheme: str, handler: Handler, said: str
) -> None:
    async with serve(handler) as listener:
        proxy = f"{scheme}://127.0.0.1:{listener.port}"
        outcome = await look_at(HttpCheck(url="https://target.example/", proxy=proxy))
    assert outcome.reason is Reason.PROXY_ERROR, outcome
    assert "proxy" in outcome.detail
    assert said in outcome.detail
    assert outcome.detail.isprintable()


async def test_a_proxy_that_is_away_is_named() -> None:
    check = HttpCheck(url="http://target.example/", proxy=f"http://127.0.0.1:{free_port()}")
    outcome = await look_at(check)
    assert outcome.reason is Reason.CONNECT_REFUSED
    assert outcome.detail.startswith("the proxy: 127.0.0.1:")


async def test_a_silent_proxy_is_cut_off_in_time() -> None:
    async def halfway(stream: ByteStream) -> None:
        await stream.receive()
        await stream.send(b"\x05\x00")
        await silent(stream)

    for scheme, handler in (("http", silent), ("socks5", halfway)):
        async with serve(handler) as listener:
            proxy = f"{scheme}://127.0.0.1:{listener.port}"
            check = HttpCheck(url="https://target.example/", proxy=proxy)
            outcome = await look_at(check, timeout=0.4)
        assert outcome.reason is Reason.CONNECT_TIMEOUT


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("example.com:3128", "write it as"),
        ("ftp://example.com:3128", "write it as"),
        ("http://example.com", "names no port"),
        ("http://example.com:0", "names no port"),
        ("http://example.com:99999", "not a URL"),
        ("http://s3cret@", "write it as"),
        ("http://exa mple:1", "names no host"),
        ("http://example.com:1/path", "after the port"),
        ("http://example.com:1?q", "after the port"),
        ("http://:s3cret@example.com:1", "without a user name"),
        ("http://me%0a:s3cret@example.com:1", "control characters"),
        ("http://me%3A:s3cret@example.com:1", "no colon"),
        ("http://me:s3cret\n@example.com:1", "control characters"),
        ("socks5://me@example.com:1", "without a password"),
        ("socks5://me:" + "s3cret" * 50 + "@example.com:1", "255 bytes"),
        ("http://127.1:80", "four decimal numbers"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_problem(proxy: str, said: str) -> None:
    (problem,) = HttpCheck(url="http://example.com/", proxy=proxy).problems()
    assert problem.field == "proxy"
    assert said in problem.message
    assert "s3cret" not in problem.message


def test_good_proxies_have_no_problem() -> None:
    for proxy in (
        "http://proxy.example:3128",
        "https://me:s3%3Acret@[2001:db8::1]:443/",
        "socks5://me:you@192.0.2.1:1080",
    ):
        assert not list(HttpCheck(url="http://example.com/", proxy=proxy, http2=True).problems())
