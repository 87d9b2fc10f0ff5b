"""Resolving, guarding and connecting."""

import errno
import socket
import time
from ipaddress import ip_address

import anyio
import pytest

from tests.core.listeners import serve, silent
from tests.ports import free_port
from uptop_core import CheckFailed, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.connect import connect, take_turns
from uptop_core.prober.os_errors import connect_failure, stream_failure
from uptop_core.prober.resolve import guard, resolve

pytestmark = pytest.mark.anyio


def look(allow_private: bool = True) -> Look:
    return Look(Vantage(allow_private=allow_private), 5.0)


async def test_a_literal_address_is_not_resolved_but_guarded() -> None:
    seen = look()
    assert list(await resolve(seen, "127.0.0.1", 80)) == [ip_address("127.0.0.1")]
    assert seen.timings().dns_ns is None
    with pytest.raises(CheckFailed) as failed:
        await resolve(look(allow_private=False), "127.0.0.1", 80)
    assert failed.value.reason is Reason.BLOCKED_TARGET


async def test_a_name_is_resolved_and_the_time_is_noted() -> None:
    seen = look()
    assert ip_address("127.0.0.1") in await resolve(seen, "localhost", 80, 4)
    assert seen.timings().dns_ns is not None


async def test_a_name_that_leads_to_a_refused_address_is_refused() -> None:
    with pytest.raises(CheckFailed) as failed:
        await resolve(look(allow_private=False), "localhost", 80)
    assert failed.value.reason is Reason.BLOCKED_TARGET
    assert "localhost" in failed.value.detail


def test_one_refused_answer_refuses_them_all() -> None:
    answers = [ip_address("8.8.8.8"), ip_address("10.0.0.1")]
    with pytest.raises(CheckFailed, match=r"rebinding.example: 10\.0\.0\.1 is private"):
        guard(answers, Vantage(), "rebinding.example")
    guard(answers[:1], Vantage(), "rebinding.example")


async def test_what_can_be_no_name_does_not_exist() -> None:
    with pytest.raises(CheckFailed) as failed:
        await resolve(look(), "no name", 80)
    assert failed.value.reason is Reason.NXDOMAIN


async def test_a_connection_is_made_and_its_address_noted() -> None:
    async with serve(silent) as server:
        seen = look()
        stream = await connect(seen, [ip_address("127.0.0.1")], server.port)
        await stream.aclose()
    assert seen.address == "127.0.0.1"
    assert seen.timings().connect_ns is not None


async def test_a_port_nobody_listens_on_refuses() -> None:
    with pytest.raises(CheckFailed) as failed:
        await connect(look(), [ip_address("127.0.0.1")], free_port())
    assert failed.value.reason is Reason.CONNECT_REFUSED


async def test_an_address_that_the_system_refuses_at_once_is_named() -> None:
    with pytest.raises(CheckFailed, match=r"no_route: 255\.255\.255\.255:443 "):
        await connect(look(), [ip_address("255.255.255.255")], 443)


async def test_an_address_that_fails_does_not_hide_one_that_works() -> None:
    async with serve(silent) as server:
        seen = look()
        addresses = [ip_address("::1"), ip_address("127.0.0.1")]
        stream = await connect(seen, addresses, server.port)
        await stream.aclose()
    assert seen.address == "127.0.0.1"


async def test_an_address_that_is_silent_costs_only_its_head_start() -> None:
    # A backlog that is full drops what comes: the first address never answers.
    with socket.socket() as full, socket.socket() as filler, socket.socket() as more:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for one in (filler, more):
            one.setblocking(False)
            one.connect_ex(("127.0.0.2", port))
        async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port):
            seen, began = look(), time.monotonic()
            addresses = [ip_address("127.0.0.2"), ip_address("127.0.0.1")]
            stream = await connect(seen, addresses, port)
            await stream.aclose()
    assert seen.address == "127.0.0.1"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("good", range(4))
async def test_one_that_works_is_found_among_many_that_fail(good: int) -> None:
    async with serve(silent) as server:
        addresses = [ip_address(f"127.0.0.{number}") for number in (2, 3, 4)]
        addresses.insert(good, ip_address("127.0.0.1"))
        seen = look()
        with anyio.fail_after(3):
            stream = await connect(seen, addresses, server.port)
        await stream.aclose()
    assert seen.address == "127.0.0.1"
    assert seen.timings().connect_ns


async def test_when_all_fail_the_first_says_why() -> None:
    port = free_port()
    with pytest.raises(CheckFailed) as failed:
        await connect(look(), [ip_address("127.0.0.1"), ip_address("127.0.0.2")], port)
    assert failed.value.reason is Reason.CONNECT_REFUSED
    assert f"127.0.0.1:{port}" in failed.value.detail


def test_families_take_turns() -> None:
    texts = ["2001::1", "2001::2", "1.1.1.1", "2.2.2.2", "3.3.3.3"]
    turns = [str(address) for address in take_turns([ip_address(text) for text in texts])]
    assert turns == ["2001::1", "1.1.1.1", "2001::2", "2.2.2.2", "3.3.3.3"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ECONNREFUSED, Reason.CONNECT_REFUSED),
        (errno.ENETUNREACH, Reason.NO_ROUTE),
        (errno.EHOSTUNREACH, Reason.NO_ROUTE),
        (errno.ECONNRESET, Reason.RESET),
        (errno.ETIMEDOUT, Reason.CONNECT_TIMEOUT),
        (errno.EMFILE, Reason.INTERNAL_ERROR),
        (errno.ENOTCONN, Reason.NO_ROUTE),
    ],
)
def test_errors_of_the_system_become_reasons(code: int, reason: Reason) -> None:
    group = ExceptionGroup("all failed", [OSError(code, "why")])
    for error in (OSError(code, "why"), _caused_by(OSError(code, "why")), _caused_by(group)):
        assert connect_failure(error, "192.0.2.1:80").reason is reason


def test_a_connection_that_falls_silent_is_a_timeout() -> None:
    error = _caused_by(OSError(errno.ETIMEDOUT, "why"))
    assert stream_failure(error, "while answering").reason is Reason.TIMEOUT
    assert stream_failure(anyio.BrokenResourceError(), "then").reason is Reason.RESET


def _caused_by(cause: Exception) -> OSError:
    error = OSError("all attempts failed")
    error.__cause__ = cause
    return error
