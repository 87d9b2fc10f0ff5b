"""The ping check against loopback, where this machine may send ICMP."""

import socket

import anyio
import pytest

from uptop_core import Outcome, PingCheck, Reason, Vantage, run_check
from uptop_core.prober.sockets import SharedSockets

pytestmark = pytest.mark.anyio

LOCAL = Vantage(allow_private=True)


def may_send(family: socket.AddressFamily, protocol: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind, protocol).close()
        except OSError:
            continue
        return True
    return False


needs_icmp = pytest.mark.skipif(
    not may_send(socket.AF_INET, socket.IPPROTO_ICMP),
    reason="the kernel allows neither unprivileged nor raw ICMP sockets here",
)
needs_icmp6 = pytest.mark.skipif(
    not (socket.has_ipv6 and may_send(socket.AF_INET6, socket.IPPROTO_ICMPV6)),
    reason="the kernel allows no ICMPv6 sockets here",
)


@needs_icmp
@pytest.mark.parametrize("count", [1, 5])
async def test_loopback_answers(count: int) -> None:
    outcome = await run_check(PingCheck(hostname="127.0.0.1", count=count), vantage=LOCAL)
    assert outcome.up, outcome.detail
    assert outcome.address == "127.0.0.1"
    assert 0 < outcome.timings.total_ns < 1_000_000_000


@needs_icmp
async def test_a_name_is_resolved() -> None:
    outcome = await run_check(PingCheck(hostname="localhost"), vantage=LOCAL)
    assert outcome.up, outcome.detail
    assert outcome.timings.dns_ns is not None


@needs_icmp6
async def test_loopback_answers_over_ipv6() -> None:
    outcome = await run_check(PingCheck(hostname="::1", count=2), vantage=LOCAL)
    if outcome.reason is Reason.NO_ROUTE:
        pytest.skip("this machine has no ::1")
    assert outcome.up, outcome.detail
    assert outcome.address == "::1"


async def ping_at_once(hostname: str, times: int, count: int = 1) -> list[Outcome]:
    outcomes: list[Outcome] = []
    check = PingCheck(hostname=hostname, count=count)
    with SharedSockets() as sockets:

        async def ping() -> None:
            outcomes.append(await run_check(check, timeout=10, vantage=LOCAL, sockets=sockets))

        async with anyio.create_task_group() as group:
            for _ in range(times):
                group.start_soon(ping)
    return outcomes


@needs_icmp
async def test_pings_at_once_do_not_take_each_others_answers() -> None:
    outcomes = await ping_at_once("127.0.0.1", 8, count=10)
    assert all(outcome.up for outcome in outcomes)


@needs_icmp
async def test_a_thousand_pings_go_over_one_socket_at_once() -> None:
    outcomes = await ping_at_once("127.0.0.1", 1000)
    assert [outcome.detail for outcome in outcomes if not outcome.up] == []


@needs_icmp6
async def test_a_thousand_pings_go_over_one_socket_at_once_with_ipv6() -> None:
    outcomes = await ping_at_once("::1", 1000)
    if outcomes[0].reason is Reason.NO_ROUTE:
        pytest.skip("this machine has no ::1")
    assert [outcome.detail for outcome in outcomes if not outcome.up] == []


async def test_a_private_target_is_blocked() -> None:
    outcome = await run_check(PingCheck(hostname="127.0.0.1"))
    assert outcome.reason is Reason.BLOCKED_TARGET


def test_a_host_name_that_is_none_is_a_problem() -> None:
    assert [problem.field for problem in PingCheck(hostname="a b").problems()] == ["hostname"]
    assert list(PingCheck(hostname="example.com").problems()) == []


def test_an_address_of_another_version_is_a_problem() -> None:
    found = list(PingCheck(hostname="127.0.0.1", ip_version=6).problems())
    assert [str(problem) for problem in found] == [
        "hostname: is no IPv6 address, as ip_version demands"
    ]
    assert list(PingCheck(hostname="::1", ip_version=6).problems()) == []


@needs_icmp
async def test_a_version_can_be_forced() -> None:
    outcome = await run_check(PingCheck(hostname="localhost", ip_version=4), vantage=LOCAL)
    assert outcome.address == "127.0.0.1", outcome.detail
    other = await run_check(PingCheck(hostname="127.0.0.1", ip_version=6), vantage=LOCAL)
    assert (other.reason, other.detail) == (Reason.NXDOMAIN, "127.0.0.1 is no IPv6 address")
