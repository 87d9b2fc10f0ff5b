"""Questions that share a UDP socket: whose answer it is, lost datagrams, ports, TCP, EDNS."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import anyio
import dns.message
import pytest

from tests.core.dns_listener import Answer, answering, dns_listener, reply
from uptop_core import DnsCheck, Outcome, Reason, Vantage, run_check
from uptop_core.prober.dns_records import parse_server
from uptop_core.prober.dns_socket import LIFE_S
from uptop_core.prober.sockets import SharedSockets

pytestmark = pytest.mark.anyio

LOCAL = Vantage(allow_private=True)
Reply = Callable[[bytes, tuple[str, int]], list[tuple[bytes, str]]]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


class Counting:
    """Makes sockets, and counts them."""

    def __init__(self) -> None:
        self.made: list[socket.socket] = []

    def __call__(self, family: int, kind: int, protocol: int) -> socket.socket:
        self.made.append(socket.socket(family, kind, protocol))
        return self.made[-1]

    @property
    def are_closed(self) -> bool:
        return all(one.fileno() == -1 for one in self.made)


def address_of(name: str) -> str:
    """The address that `echoing` gives a name such as host-513.example.com."""
    number = int(name.partition(".")[0].removeprefix("host-"))
    return f"192.0.{number >> 8}.{number & 255}"


def answer_to(packet: bytes) -> bytes:
    query = dns.message.from_wire(packet)
    name = str(query.question[0].name)
    return reply(query, f"{name} 60 A {address_of(name)}").to_wire()


@contextlib.contextmanager
def server(reply_to: Callable[[list[bytes]], list[bytes]], gather: int = 1) -> Iterator[str]:
    """A UDP server that takes `gather` different questions and then sends what `reply_to` makes of
    them to whom it heard last; where it is, as `dns_server` takes it.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        heard: dict[bytes, None] = {}
        while True:
            packet, asker = sock.recvfrom(4096)
            if not packet:
                return
            heard[packet] = None
            if len(heard) == gather:
                for answer in reply_to(list(heard)):
                    sock.sendto(answer, asker)
                heard.clear()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{sock.getsockname()[1]}"
    finally:
        while thread.is_alive():  # a packet is dropped while the socket's buffer is full
            sock.sendto(b"", sock.getsockname())
            thread.join(0.05)
        sock.close()


async def ask_for(
    numbers: range, where: str, sockets: SharedSockets, timeout: float = 10.0
) -> list[Outcome]:
    """Ask for these hosts at once; what each found, in their order."""
    found: dict[int, Outcome] = {}

    async def one(number: int) -> None:
        name = f"host-{number}.example.com"
        check = DnsCheck(hostname=name, dns_server=where, expected=(address_of(name),))
        found[number] = await run_check(check, timeout=timeout, vantage=LOCAL, sockets=sockets)

    async with anyio.create_task_group() as tasks:
        for number in numbers:
            tasks.start_soon(one, number)
    return [found[number] for number in numbers]


def all_up(outcomes: list[Outcome]) -> bool:
    return [outcome.detail for outcome in outcomes if not outcome.up] == []


async def test_a_thousand_questions_share_one_socket_which_is_closed_after_them() -> None:
    make, began = Counting(), time.monotonic()
    with server(lambda heard: [answer_to(heard[0])]) as where, SharedSockets(make) as sockets:
        assert all_up(await ask_for(range(1000), where, sockets))
        assert len(make.made) <= 1 + (time.monotonic() - began) / LIFE_S
        assert make.are_closed


async def test_a_quiet_node_asks_from_another_port_each_time() -> None:
    make = Counting()
    with server(lambda heard: [answer_to(heard[0])]) as where, SharedSockets(make) as sockets:
        for number in range(3):
            assert all_up(await ask_for(range(number, number + 1), where, sockets))
    assert len(make.made) == 3


async def test_each_question_gets_its_own_answer_in_whatever_order_they_come() -> None:
    def shuffled(heard: list[bytes]) -> list[bytes]:
        answers = [answer_to(packet) for packet in heard] * 2  # and each of them twice
        random.Random(7).shuffle(answers)
        return answers

    with server(shuffled, gather=50) as where, SharedSockets() as sockets:
        assert all_up(await ask_for(range(50), where, sockets))


async def test_answers_with_each_others_ids_are_taken_by_nobody() -> None:
    def crossed(heard: list[bytes]) -> list[bytes]:
        first, second = heard
        wrong = [first[:2] + answer_to(second)[2:], second[:2] + answer_to(first)[2:]]
        return [*wrong, b"", b"\0", answer_to(first)]

    with server(crossed, gather=2) as where, SharedSockets() as sockets:
        first, second = await ask_for(range(2), where, sockets, timeout=0.3)
    assert sorted([first.up, second.up]) == [False, True]
    assert Reason.TIMEOUT in (first.reason, second.reason)


async def test_an_answer_from_another_address_is_passed_over() -> None:
    """The forger knows all but the address of the server."""
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind(("127.0.0.2", 0))
    make = Counting()

    def forged(heard: list[bytes]) -> list[bytes]:
        elsewhere.sendto(answer_to(heard[0]), make.made[0].getsockname())
        return []

    with elsewhere, server(forged) as where, SharedSockets(make) as sockets:
        (outcome,) = await ask_for(range(1), where, sockets, timeout=0.3)
    assert outcome.reason is Reason.TIMEOUT


async def test_a_server_that_goes_away_fails_all_questions_under_way_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}"
    make = Counting()
    with SharedSockets(make) as sockets:
        outcomes = await ask_for(range(40), where, sockets)
        assert {outcome.reason for outcome in outcomes} == {Reason.DNS_ERROR}
        assert make.are_closed


async def test_questions_that_are_given_up_leave_nothing_open() -> None:
    make = Counting()
    with server(lambda heard: []) as where, SharedSockets(make) as sockets:
        outcomes = await ask_for(range(20), where, sockets, timeout=0.1)
        assert {outcome.reason for outcome in outcomes} == {Reason.TIMEOUT}
        assert make.are_closed


async def test_a_closed_owner_ends_the_waiting_without_a_word_on_the_target() -> None:
    asked = threading.Event()

    def silent(heard: list[bytes]) -> list[bytes]:
        asked.set()
        return []

    with server(silent) as where, SharedSockets() as sockets:
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                (outcome,) = await ask_for(range(1), where, sockets)
                assert outcome.reason is Reason.INTERNAL_ERROR

            tasks.start_soon(wait)
            with anyio.fail_after(5):
                while not asked.is_set():
                    await anyio.lowlevel.checkpoint()
            sockets.close()


@pytest.mark.parametrize("code", ["FORMERR", "NOTIMP"])
async def test_a_server_that_does_not_know_edns_is_asked_without_it(code: str) -> None:
    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        if query.edns < 0:
            return [reply(query, "example.com. 60 A 192.0.2.7")]
        refused = dns.message.Message(id=query.id)
        refused.flags |= dns.flags.QR
        refused.set_rcode(dns.rcode.from_text(code))
        return [refused]

    with dns_listener(script) as there:
        check = DnsCheck(hostname="example.com", dns_server=there.address)
        outcome = await run_check(check, vantage=LOCAL)
    assert outcome.up, outcome.detail


@pytest.mark.parametrize("code", ["FORMERR", "NOTIMP"])
async def test_a_server_that_refuses_either_way_is_judged_by_its_code(code: str) -> None:
    with dns_listener(answering(rcode=code)) as there:
        check = DnsCheck(hostname="example.com", dns_server=there.address)
        outcome = await run_check(check, vantage=LOCAL)
    assert outcome.detail == f"the DNS server answered {code}, expected NOERROR"


async def test_a_server_that_is_silent_about_edns_is_asked_without_it_in_the_end() -> None:
    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        return [reply(query, "example.com. 60 A 192.0.2.7")] if query.edns < 0 else []

    with dns_listener(script) as there:
        check = DnsCheck(hostname="example.com", dns_server=there.address)
        outcome = await run_check(check, vantage=LOCAL)
        assert outcome.up, outcome.detail
        assert len(there.asked) == 3


async def test_a_node_without_sockets_says_nothing_of_the_target() -> None:
    def exhausted(family: int, kind: int, protocol: int) -> socket.socket:
        raise OSError(24, "Too many open files")

    (outcome,) = await ask_for(range(1), "127.0.0.1:53", SharedSockets(exhausted))
    assert outcome.reason is Reason.INTERNAL_ERROR


async def test_a_port_is_not_used_for_new_questions_for_long() -> None:
    with SharedSockets() as sockets:
        place = parse_server("127.0.0.1:53")
        first = sockets.questions(place)
        assert sockets.questions(place) is first
        with anyio.fail_after(5):
            while first.takes_questions():
                await anyio.sleep(0.05)
        assert sockets.questions(place) is not first
