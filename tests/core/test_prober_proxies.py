"""Targets behind proxies, which the way by httpx asks for."""

from pathlib import Path

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
    resetting,
    serve,
    silent,
)
from tests.core.proxy_listeners import Proxy
from tests.ports import free_port
from uptop_core import HttpCheck, Reason

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


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
