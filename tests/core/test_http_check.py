"""http: expectations, credentials, settings."""

import base64
from pathlib import Path

import msgspec
import pytest

from tests.core.listeners import answering, authority, days_from_now, look_at, serve, silent
from uptop_core import HttpCheck, Reason
from uptop_core.checks.http import parse_codes

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def test_a_good_answer_is_up() -> None:
    async with serve(answering(OK)) as server:
        outcome = await look_at(HttpCheck(url=server.url))
    assert outcome.up
    assert outcome.status_code == 200
    assert outcome.address == "127.0.0.1"


async def test_another_status_says_what_was_expected() -> None:
    async with serve(answering(b"HTTP/1.1 503 Busy\r\n\r\nsorry")) as server:
        outcome = await look_at(HttpCheck(url=server.url))
    assert outcome.reason is Reason.STATUS_MISMATCH
    assert outcome.detail == "HTTP 503, expected 200-299"
    assert outcome.sample == "sorry"


async def test_accepted_codes_are_what_is_accepted() -> None:
    async with serve(answering(b"HTTP/1.1 404 Gone\r\n\r\n")) as server:
        assert (await look_at(HttpCheck(url=server.url, accepted_codes="200, 404"))).up


async def test_the_request_is_what_was_asked_for() -> None:
    async with serve(answering(OK)) as server:
        check = HttpCheck(
            url=server.url + "a b?q=é#fragment",
            method="POST",
            body="täst",
            headers={"X-One": "1", "accept": "text/plain"},
        )
        assert (await look_at(check)).up
        head, _, body = "".join(server.heads).partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /a%20b?q=%C3%A9 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "X-One: 1" in lines
    assert "accept: text/plain" in lines
    assert "Content-Length: 5" in lines
    assert not any(line.startswith("Accept: ") for line in lines)
    assert any(line.startswith("User-Agent: uptop/") for line in lines)
    assert body.encode("latin-1").decode() == "täst"


async def test_credentials_are_sent() -> None:
    pair = base64.b64encode(b"me:s3:cret").decode()
    for check, line in (
        (HttpCheck(url="", username="me", password="s3:cret"), f"Authorization: Basic {pair}"),
        (HttpCheck(url="", bearer="token"), "Authorization: Bearer token"),
    ):
        async with serve(answering(OK)) as server:
            assert (await look_at(msgspec.structs.replace(check, url=server.url))).up
            assert line in server.heads[0].split("\r\n")


async def test_https_checks_the_certificate_and_notes_its_end(tmp_path: Path) -> None:
    ca_file, ends = authority().write(tmp_path), days_from_now(5)
    async with serve(answering(OK), tls=authority().context("localhost", ends=ends)) as server:
        url = f"https://localhost:{server.port}/"
        good = await look_at(HttpCheck(url=url), ca_file=ca_file)
        unknown = await look_at(HttpCheck(url=url))
        ignored = await look_at(HttpCheck(url=url, ignore_tls=True))
    assert good.up
    assert good.timings.tls_ns is not None
    assert unknown.reason is Reason.TLS_ERROR
    assert ignored.up
    assert {good.cert_end, unknown.cert_end, ignored.cert_end} == {int(ends.timestamp()) * 1000}


async def test_what_was_worked_out_for_one_check_is_not_taken_for_another() -> None:
    async with serve(answering(OK)) as server:
        check = HttpCheck(url=server.url + "a", accepted_codes="200")
        written = msgspec.json.encode(check)
        assert (await look_at(check)).up
        other = msgspec.structs.replace(check, url=server.url + "b", accepted_codes="404")
        assert (await look_at(other)).detail == "HTTP 200, expected 404"
        assert [head.split()[1] for head in server.heads] == ["/a", "/b"]
    assert msgspec.json.encode(check) == written
    assert check == HttpCheck(url=server.url + "a", accepted_codes="200")


async def test_one_ip_version_may_be_demanded() -> None:
    async with serve(answering(OK)) as server:
        for version, host in ((4, "localhost"), (4, "127.0.0.1"), (0, "localhost")):
            url = f"http://{host}:{server.port}/"
            outcome = await look_at(HttpCheck(url=url, ip_version=version))  # type: ignore[arg-type]  # by table
            assert outcome.address == "127.0.0.1"
        other = await look_at(HttpCheck(url=server.url, ip_version=6))
    assert other.reason is Reason.NXDOMAIN
    assert other.detail == "127.0.0.1 is no IPv6 address"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "１２７.0.0.1"]
)
async def test_no_connection_is_made_to_a_blocked_target(host: str) -> None:
    async with serve(silent) as server:
        url = f"http://{host}:{server.port}/"
        outcome = await look_at(HttpCheck(url=url), allow_private=False)
        assert outcome.reason is Reason.BLOCKED_TARGET
        assert outcome.abstains
        assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "http:// or https://"),
        ("example.com", "http:// or https://"),
        ("", "http:// or https://"),
        ("http://", "names no host"),
        ("https:///path", "names no host"),
        ("http://example.com:0/", "port 0"),
        ("http://example.com:99999/", "not a URL"),
        ("http://example.com:x/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://me:secret@example.com/", "use username and password"),
        ("http://exa mple.com/", "not a host name"),
        ("http://good.example\\@evil.example/", "use username"),
        ("http://127.1/", "four decimal numbers"),
        ("http://example.com/\r\nX: y", "control characters"),
    ],
)
def test_a_url_that_cannot_be_asked_is_a_problem(url: str, said: str) -> None:
    (problem,) = HttpCheck(url=url).problems()
    assert problem.field == "url"
    assert said in problem.message
    assert "secret" not in problem.message


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"accepted_codes": "200-"}, "accepted_codes"),
        ({"accepted_codes": "299-200"}, "accepted_codes"),
        ({"accepted_codes": ""}, "accepted_codes"),
        ({"accepted_codes": "99"}, "accepted_codes"),
        ({"accepted_codes": "600"}, "accepted_codes"),
        ({"method": "GET\n"}, "method"),
        ({"method": "CONNECT"}, "method"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"": "c"}}, "headers"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"headers": {"a": " b"}}, "headers"),
        ({"headers": {"Content-Length": "3"}}, "headers"),
        ({"headers": {"authorization": "x"}, "bearer": "y"}, "headers"),
        ({"bearer": "x", "username": "y"}, "bearer"),
        ({"bearer": "x\n"}, "bearer"),
        ({"password": "x"}, "username"),
        ({"url": "https://192.0.2.1/", "ip_version": 6}, "url"),
        ({"username": "a:b"}, "username"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], field: str) -> None:
    check = HttpCheck(**{"url": "https://example.com/", **settings})  # type: ignore[arg-type]  # by table
    assert [problem.field for problem in check.problems()] == [field]


def test_good_settings_have_no_problems() -> None:
    for url in (
        "https://example.com",
        "http://[2001:db8::1]:8080/a?b#c",
        "HTTPS://Bücher.example/",
    ):
        assert not list(HttpCheck(url=url, headers={"X-A": "b c", "Host": "d"}).problems())
    assert HttpCheck(url="https://example.com:8443/x").host() == "example.com"
    assert HttpCheck(url="http://[").host() is None


def test_codes_are_lists_of_codes_and_ranges() -> None:
    assert parse_codes("200-299") == (range(200, 300),)
    assert parse_codes(" 200, 301 - 302 ") == (range(200, 201), range(301, 303))
