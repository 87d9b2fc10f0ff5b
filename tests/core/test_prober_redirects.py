"""Redirects: what is asked next, what is told to whom, and where they end."""

import pytest
from anyio.abc import ByteStream

from tests.core.listeners import Handler, answering, look_at, serve
from tests.ports import free_port
from uptop_core import CheckFailed, HttpCheck, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.http import Request, Response
from uptop_core.prober.redirects import next_request
from uptop_core.prober.urls import parse_url

OK = b"HTTP/1.1 200 OK\r\n\r\nthere"
KEYS = (("Authorization", "a"), ("Cookie", "b"), ("X-Api-Key", "c"), ("User-Agent", "d"))


def moved(location: str, status: int = 302) -> Handler:
    return answering(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n\r\n".encode())


def after(
    location: str,
    *,
    status: int = 302,
    method: str = "GET",
    url: str = "http://one.example/a/b?c",
) -> Request | None:
    body = b"" if method == "GET" else b"body"
    headers = (*KEYS, ("Content-Type", "text/plain"))
    request = Request(method=method, url=parse_url(url), headers=headers, body=body)
    return next_request(request, Response(status=status, headers={"location": location}, body=b""))


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://one.example/x"),
        ("x", "http://one.example/a/x"),
        ("../x?y=z#w", "http://one.example/x?y=z"),
        ("?q", "http://one.example/a/b?q"),
        ("//two.example", "http://two.example/"),
        ("https://two.example:8443/x y", "https://two.example:8443/x%20y"),
        ("/caf\u00c3\u00a9", "http://one.example/caf%C3%A9"),
        ("", "http://one.example/a/b?c"),
    ],
)
def test_a_location_is_read_against_where_it_was_said(location: str, url: str) -> None:
    following = after(location)
    assert following is not None
    assert str(following.url) == url


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "PUT", "PUT"),
        (302, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_the_method_changes_as_browsers_do(status: int, method: str, then: str) -> None:
    following = after("/x", status=status, method=method)
    assert following is not None
    assert following.method == then
    assert bool(following.body) == (then == method)
    assert ("Content-Type", "text/plain") in following.headers or then != method


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 404])
def test_other_answers_do_not_redirect(status: int) -> None:
    assert after("/x", status=status) is None


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/x", True),
        ("http://one.example:80/x", True),
        ("https://one.example/x", True),
        ("https://one.example:8443/x", False),
        ("http://one.example:8080/x", False),
        ("http://two.example/x", False),
        ("http://sub.one.example/x", False),
    ],
)
def test_another_origin_is_told_no_secret(location: str, told: bool) -> None:
    following = after(location)
    assert following is not None
    names = {name for name, _ in following.headers}
    assert "User-Agent" in names
    assert ({"Authorization", "Cookie", "X-Api-Key"} <= names) is told
    assert told or not names & {"Authorization", "Cookie", "X-Api-Key"}


def test_going_back_to_plain_http_tells_no_secret() -> None:
    following = after("http://one.example/", url="https://one.example/")
    assert following is not None
    assert [name for name, _ in following.headers] == ["User-Agent", "Content-Type"]


@pytest.mark.parametrize(
    "location",
    [
        "ftp://one.example/",
        "file:///etc/passwd",
        "https://",
        "http://a b/",
        "http://u:p@x.example/",
    ],
)
def test_a_location_that_cannot_be_asked_is_an_error(location: str) -> None:
    with pytest.raises(CheckFailed) as failed:
        after(location)
    assert failed.value.reason is Reason.REDIRECT_ERROR
    assert failed.value.detail.startswith("HTTP 302 ")


@pytest.mark.anyio
async def test_redirects_are_followed_and_the_last_answer_counts() -> None:
    async with serve(answering(OK)) as last, serve(moved(last.url)) as first:
        outcome = await look_at(HttpCheck(url=first.url))
    assert outcome.up
    assert outcome.status_code == 200


@pytest.mark.anyio
async def test_credentials_stay_with_the_first_origin() -> None:
    async with serve(answering(OK)) as last, serve(moved(last.url)) as first:
        check = HttpCheck(url=first.url, bearer="s3cret", headers={"X-Key": "k3y"})
        assert (await look_at(check)).up
        assert "s3cret" in first.heads[0]
        assert "s3cret" not in last.heads[0]
        assert "k3y" not in last.heads[0]


@pytest.mark.anyio
async def test_a_loop_ends_at_the_limit() -> None:
    async with serve(moved("/again")) as server:
        outcome = await look_at(HttpCheck(url=server.url, follow_redirects=3))
        assert server.connections == 4
    assert outcome.reason is Reason.REDIRECT_ERROR
    assert outcome.detail == "more than 3 redirects; it leads to /again"


@pytest.mark.anyio
async def test_following_none_judges_the_redirect_itself() -> None:
    async with serve(moved("http://127.0.0.1:1/")) as server:
        outcome = await look_at(HttpCheck(url=server.url, follow_redirects=0))
        accepted = HttpCheck(url=server.url, follow_redirects=0, accepted_codes="302")
        assert (await look_at(accepted)).up
    assert outcome.detail == "HTTP 302, expected 200-299; it leads to http://127.0.0.1:1/"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
    ],
)
async def test_a_redirect_to_a_blocked_address_is_refused(location: str) -> None:
    async with serve(moved(location)) as server:
        outcome = await look_at(HttpCheck(url=server.url))
    assert outcome.reason is Reason.BLOCKED_TARGET
    assert outcome.abstains


@pytest.mark.anyio
async def test_every_hop_is_guarded_and_a_blocked_one_is_not_connected_to() -> None:
    async with serve(answering(OK)) as last:

        async def turning_public(stream: ByteStream) -> None:
            look.vantage = Vantage(allow_private=False)  # from here on loopback is refused
            await moved(last.url)(stream)

        async with serve(turning_public) as first:
            look = Look(Vantage(allow_private=True), 3.0)
            with pytest.raises(CheckFailed, match=r"redirected to 127\.0\.0\.1") as failed:
                await HttpCheck(url=first.url).run(look)
            assert first.connections == 1
        assert failed.value.reason is Reason.BLOCKED_TARGET
        assert last.connections == 0


@pytest.mark.anyio
async def test_a_failure_after_a_redirect_says_where() -> None:
    async with serve(moved(f"http://127.0.0.1:{free_port()}/")) as first:
        outcome = await look_at(HttpCheck(url=first.url))
    assert outcome.reason is Reason.CONNECT_REFUSED
    assert outcome.detail.startswith("redirected to 127.0.0.1: ")


async def asking_for_its_cookie(stream: ByteStream) -> None:
    """Goes round until the cookie that it sets comes back."""
    head = (await stream.receive()).decode()
    if "cookie: seen=yes\r\n" in head.lower():
        await stream.send(OK)
    else:
        set_it = "Set-Cookie: old=1; Max-Age=0\r\nSet-Cookie: seen=yes; Path=/; HttpOnly\r\n"
        await stream.send(f"HTTP/1.1 302 Found\r\nLocation: /\r\n{set_it}\r\n".encode())


@pytest.mark.anyio
async def test_a_target_that_wants_its_cookie_back_is_up() -> None:
    async with serve(asking_for_its_cookie) as server:
        outcome = await look_at(HttpCheck(url=f"http://127.0.0.1:{server.port}/"))
    assert outcome.up, outcome.detail


def cookies(written: str, *, location: str = "/next", sent: str = "") -> str | None:
    """The cookies of the request that follows an answer that sets some."""
    headers = (("Cookie", sent),) if sent else ()
    request = Request(method="GET", url=parse_url("https://one.example/a"), headers=headers)
    answer = Response(status=302, headers={"location": location, "set-cookie": written}, body=b"")
    following = next_request(request, answer)
    assert following is not None
    return dict(following.headers).get("Cookie")


@pytest.mark.parametrize(
    ("written", "sent", "then"),
    [
        ("a=1", "", "a=1"),
        ("a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT; Secure, b=x=y", "", "a=1; b=x=y"),
        ("a=2", "a=1; c=3", "c=3; a=2"),
        ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=1", None),
        ("a=1; max-age=-1, b=2; Expires=soon", "", "b=2"),
        ("nonsense, \x07=1", "", None),
    ],
)
def test_what_was_set_goes_along_to_the_same_host(written: str, sent: str, then: str) -> None:
    assert cookies(written, sent=sent) == then


def test_no_cookie_goes_elsewhere_or_in_the_clear() -> None:
    assert cookies("a=1", location="https://two.example/") is None
    assert cookies("a=1; Secure, b=2", location="http://one.example/") == "b=2"


@pytest.mark.anyio
async def test_where_an_answer_leads_that_is_not_followed_is_told_without_secrets() -> None:
    async with serve(moved("//ada:pw@two.example/login?token=7")) as server:
        url = f"http://127.0.0.1:{server.port}/"
        outcome = await look_at(HttpCheck(url=url, follow_redirects=0))
    assert outcome.detail == "HTTP 302, expected 200-299; it leads to //two.example/login"
