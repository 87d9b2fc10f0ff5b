"""domain: what a registry says of a registration, and what is known when it says nothing."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from anyio.abc import ByteStream
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import (
    Handler,
    answering,
    closing,
    days_from_now,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import Condition, Outcome, Reason
from uptop_core.checks.domain import DomainCheck
from uptop_core.prober.rdap import NotRdap, find_server, read_registration

pytestmark = pytest.mark.anyio


def registration(days: float | None = 100.4, *status: str, name: str = "example.com") -> bytes:
    """The answer of an RDAP server, as far as it matters."""
    events = [{"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"}]
    if days is not None:
        ends = days_from_now(days)
        events.append({"eventAction": "expiration", "eventDate": f"{ends:%Y-%m-%dT%H:%M:%SZ}"})
    told = {
        "objectClassName": "domain",
        "ldhName": name.upper(),
        "events": events,
        "status": status,
    }
    return msgspec.json.encode(told)


def http(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def answers(body: bytes, status: int = 200) -> Handler:
    return answering(http(status, body))


async def ask(handler: Handler, **settings: Any) -> Outcome:
    async with serve(handler) as server:
        check = DomainCheck(domain="Example.COM.", server=f"{server.url}rdap/", **settings)
        outcome = await look_at(check, timeout=1.0)
        assert not server.heads or server.heads[0].startswith("GET /rdap/domain/example.com HTTP")
        return outcome


async def test_a_registration_that_lasts_is_up_and_its_end_a_fact() -> None:
    conditions = (
        Condition("json(days) > 100"),
        Condition("json(days) > 365", soft=True),
        Condition('json(status) == "active"'),
        Condition(f'json(ends) == "{days_from_now(100.4):%Y-%m-%d}"'),
    )
    outcome = await ask(answers(registration(100.4, "active")), conditions=conditions)
    assert outcome.up, outcome.detail
    assert [failed.text for failed in outcome.failed] == ["json(days) > 365"]
    assert outcome.timings.first_byte_ns


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (registration(13.5), "in 13.5 days, expected at least 14"),
        (registration(-3), f"ended on {days_from_now(-3):%Y-%m-%d}"),
        (registration(90, "active", "Redemption Period"), 'the status "redemption period"'),
        (registration(90, "server hold"), 'the status "server hold"'),
        (registration(90, "clientHold"), 'the status "clienthold"'),
    ],
)
async def test_a_registration_that_ends_is_down(answer: bytes, words: str) -> None:
    outcome = await ask(answers(answer))
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert words in outcome.detail


async def test_a_domain_that_nobody_has_is_down() -> None:
    outcome = await ask(answers(b"", 404))
    assert outcome.reason is Reason.NXDOMAIN
    assert outcome.detail == "example.com is not registered"


async def test_a_name_below_a_domain_is_told_to_be_one() -> None:
    async with serve(answers(b'{"errorCode": 404}', 404)) as server:
        outcome = await look_at(DomainCheck(domain="www.example.com", server=server.url))
    assert outcome.reason is Reason.NXDOMAIN
    assert outcome.detail.startswith(
        "www.example.com is not registered; registered is, if anything,"
    )


async def test_a_registry_may_write_names_and_events_in_its_own_way() -> None:
    said = registration(90, "active").replace(b'"EXAMPLE.COM"', b"null")
    assert (await ask(answers(said.replace(b"expiration", b"Expiration")))).up


async def test_the_threshold_is_the_operators() -> None:
    assert (await ask(answers(registration(2)), expiry_threshold=1)).up
    assert not (await ask(answers(registration(29)), expiry_threshold=30)).up
    assert (await ask(answers(registration(None)), expiry_threshold=0)).up


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answers(b"", 429), "HTTP 429"),
        (answers(b"<html>"), "not an answer of RDAP"),
        (answers(b"\n<!DOCTYPE html>", 404), "HTTP 404 with a web page, expected an answer of RDAP"),
        (answers(b'{"objectClassName": "entity"}'), "not about a domain"),
        (answers(registration(name="example.org")), "about another domain"),
        (answers(registration().replace(b"1995", b"19_5").replace(b"registration", b"expiration")),
         "cannot be read"),
        (answers(registration(None)), "does not tell when the registration ends"),
        (closing, "127.0.0.1: the target closed the connection"),
        (silent, "no answer of a registry within 1 s"),
    ],
)  # fmt: skip
async def test_a_registry_that_tells_nothing_says_nothing_against_the_domain(
    handler: Handler, words: str
) -> None:
    outcome = await ask(handler)
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert outcome.abstains
    assert outcome.detail.startswith("nothing is known of example.com: ")
    assert words in outcome.detail


async def test_nobody_there_says_nothing_and_a_private_server_is_not_asked() -> None:
    nobody = DomainCheck(domain="example.com", server=f"http://127.0.0.1:{free_port()}/")
    assert (await look_at(nobody)).abstains
    blocked = await look_at(nobody, allow_private=False)
    assert blocked.reason is Reason.BLOCKED_TARGET


async def test_the_server_is_found_in_the_registry_of_servers() -> None:
    async def handle(stream: ByteStream) -> None:
        path = (await stream.receive()).split()[1].decode()
        if path == "/dns.json":
            body = {"services": [[["com", "net"], [f"{server.url}com/"]], [["org"], []]]}
            await stream.send(http(200, msgspec.json.encode(body)))
        else:
            assert path == "/com/domain/xn--bcher-kva.com"
            await stream.send(http(200, registration(name="xn--bcher-kva.com")))

    async with serve(handle) as server:
        bootstrap = f"{server.url}dns.json"
        outcome = await look_at(DomainCheck(domain="bücher.com", bootstrap=bootstrap))
        assert outcome.up, outcome.detail
        other = await look_at(DomainCheck(domain="a.xyz", bootstrap=bootstrap))
    assert other.abstains
    assert other.detail == "nothing is known of a.xyz: its registry has no RDAP server"


def test_the_longest_zone_tells_the_server() -> None:
    services = [
        [["uk", "COM"], ["http://old/", "https://a/"]], [["co.uk"], ["https://b/"]], "x", [["org"]],
    ]  # fmt: skip
    registry = msgspec.json.encode({"services": services})
    assert find_server(registry, "example.co.uk") == "https://b/"
    assert find_server(registry, "example.org.uk") == "https://a/"
    assert find_server(registry, "example.com") == "https://a/"
    assert find_server(registry, "example.org") is None


def test_a_date_without_a_zone_is_one_of_utc() -> None:
    event = {"eventAction": "expiration", "eventDate": "2031-02-03"}
    answer = msgspec.json.encode({"objectClassName": "domain", "events": [event]})
    ends = read_registration(answer, "example.com").ends
    assert ends == datetime(2031, 2, 3, tzinfo=UTC).timestamp()


json_values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["services", "events", "status", "eventAction"]), inner)
    ),
    max_leaves=10,
)


@given(json_values | st.dictionaries(st.sampled_from(["services", "events"]), json_values))
def test_any_json_gives_an_answer_or_the_one_error(value: object) -> None:
    for read in (find_server, read_registration):
        try:
            read(msgspec.json.encode(value), "example.com")
        except NotRdap:
            pass


@pytest.mark.parametrize("domain", ["com", "192.0.2.1", "::1", "-.com", "0x7f.1", "com."])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    [problem] = DomainCheck(domain=domain).problems()
    assert problem.field == "domain"


def test_wrong_urls_are_named() -> None:
    wrong = DomainCheck(domain="example.com", server="ldap://a", bootstrap="")
    assert [problem.field for problem in wrong.problems()] == ["server", "bootstrap"]
