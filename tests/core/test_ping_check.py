"""The ping check against loopback, where this machine may send ICMP."""

import errno
import socket
from typing import Any

import anyio
import pytest

from uptop_core import CheckFailed, PingCheck, Reason, Vantage, run_check
from uptop_core.looks import Look
from uptop_core.prober.echo import echo
from uptop_core.targets import parse_host

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


@needs_icmp
async def test_two_pings_at_once_do_not_take_each_others_answers() -> None:
    outcomes: list[Any] = []

    async def ping() -> None:
        check = PingCheck(hostname="127.0.0.1", count=10)
        outcomes.append(await run_check(check, vantage=LOCAL))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(ping)
    assert all(outcome.up for outcome in outcomes)


async def test_a_private_target_is_blocked() -> None:
    outcome = await run_check(PingCheck(hostname="127.0.0.1"))
    assert outcome.reason is Reason.BLOCKED_TARGET


class SilentSocket(socket.socket):
    """A datagram socket in the place of one for ICMP, to a receiver that loses some packets."""

    receiver: socket.socket

    def connect(self, address: Any) -> None:
        super().connect(self.receiver.getsockname())


def receiver() -> socket.socket:
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    taken.setblocking(False)
    return taken


async def reflect(taken: socket.socket, lose: set[int]) -> None:
    """Answers like ICMP: the request comes back with type 0."""
    number = 0
    while True:
        await anyio.wait_readable(taken)
        packet, sender = taken.recvfrom(2048)
        if number not in lose:
            taken.sendto(b"\x00" + packet[1:], sender)
        number += 1


async def ping_with_loss(count: int, lose: set[int], timeout_s: float) -> list[int]:
    target = parse_host("127.0.0.1")
    assert target is not None
    with receiver() as taken:

        def make(family: int, kind: int, protocol: int) -> socket.socket:
            made = SilentSocket(socket.AF_INET, socket.SOCK_DGRAM)
            made.receiver = taken
            return made

        async with anyio.create_task_group() as group:
            group.start_soon(reflect, taken, lose)
            with anyio.fail_after(timeout_s):
                trips = await echo(Look(LOCAL, timeout_s), target, count, make)
            group.cancel_scope.cancel()
        return trips


async def test_lost_echoes_are_counted_before_the_deadline() -> None:
    assert len(await ping_with_loss(4, lose={1, 3}, timeout_s=0.6)) == 2


async def test_all_lost_is_an_empty_list_in_time() -> None:
    assert await ping_with_loss(3, lose={0, 1, 2}, timeout_s=0.3) == []


async def test_a_single_echo_is_awaited_until_the_deadline() -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await ping_with_loss(1, lose={0}, timeout_s=0.1)
    assert failed.group_contains(TimeoutError)


async def test_a_node_that_may_not_send_is_told_how_to_allow_it() -> None:
    def refuse(family: int, kind: int, protocol: int) -> socket.socket:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    target = parse_host("127.0.0.1")
    assert target is not None
    with pytest.raises(CheckFailed, match=r"sysctl net\.ipv4\.ping_group_range") as failed:
        await echo(Look(LOCAL, 1.0), target, 1, refuse)
    assert failed.value.reason is Reason.INTERNAL_ERROR


async def test_raw_sockets_are_tried_when_unprivileged_ones_are_forbidden() -> None:
    tried: list[int] = []

    def refuse(family: int, kind: int, protocol: int) -> socket.socket:
        tried.append(kind)
        raise PermissionError(errno.EACCES, "Permission denied")

    target = parse_host("::1")
    assert target is not None
    with pytest.raises(CheckFailed):
        await echo(Look(LOCAL, 1.0), target, 1, refuse)
    assert tried == [socket.SOCK_DGRAM, socket.SOCK_RAW]


async def test_a_shortage_of_sockets_is_our_own_fault() -> None:
    def exhausted(family: int, kind: int, protocol: int) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    target = parse_host("127.0.0.1")
    assert target is not None
    with pytest.raises(CheckFailed) as failed:
        await echo(Look(LOCAL, 1.0), target, 1, exhausted)
    assert failed.value.reason is Reason.INTERNAL_ERROR


def test_a_host_name_that_is_none_is_a_problem() -> None:
    assert [problem.field for problem in PingCheck(hostname="a b").problems()] == ["hostname"]
    assert list(PingCheck(hostname="example.com").problems()) == []
