"""The shared socket of pings: whose answer it is, when it came, and what routers said."""

import socket
import time
from collections.abc import Callable

import anyio
import pytest

from tests.core.icmp_reflector import Reflector, Script, reply
from uptop_core import CheckFailed, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.echo import echo
from uptop_core.prober.icmp import request
from uptop_core.prober.sockets import SharedSockets
from uptop_core.targets import Address, parse_host

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


LOCAL = Vantage(allow_private=True)
IN_TIME_S = 2.0  # for what comes back at once, on a machine that is busy
PATIENCE_S = 0.2


def address(text: str) -> Address:
    found = parse_host(text)
    assert found is not None
    return found


async def ping(
    sockets: SharedSockets, count: int = 1, host: str = "127.0.0.1", timeout_s: float = 5.0
) -> list[int]:
    """What `echo` tells, or [] when the deadline came first."""
    with anyio.move_on_after(timeout_s):
        return await echo(Look(LOCAL, timeout_s, sockets=sockets), address(host), count)
    return []


async def ping_by(
    script: Script, count: int = 1, source: str = "127.0.0.1", timeout_s: float = PATIENCE_S
) -> int:
    """How many echoes come back to a patient check over a socket of its own."""
    with Reflector(script, source) as host, SharedSockets(host.make) as sockets:
        return len(await ping(sockets, count, timeout_s=timeout_s))


async def test_an_answer_is_taken() -> None:
    assert await ping_by(lambda packet: [reply(packet)], timeout_s=IN_TIME_S) == 1


async def test_lost_echoes_are_counted_before_the_deadline() -> None:
    lost = iter([False, True, False, True])
    assert await ping_by(lambda packet: [] if next(lost) else [reply(packet)], 4) == 2


async def test_all_lost_is_none_in_time() -> None:
    with Reflector(lambda packet: []) as host, SharedSockets(host.make) as sockets:
        with anyio.fail_after(PATIENCE_S):
            assert (
                await echo(Look(LOCAL, PATIENCE_S, sockets=sockets), address("127.0.0.1"), 3) == []
            )


async def test_a_single_echo_is_awaited_until_the_deadline() -> None:
    with (
        Reflector(lambda packet: []) as host,
        SharedSockets(host.make) as sockets,
        pytest.raises(TimeoutError),
        anyio.fail_after(0.1),
    ):
        await echo(Look(LOCAL, 0.1, sockets=sockets), address("127.0.0.1"), 1)


def changed(packet: bytes, at: int) -> bytes:
    return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]


@pytest.mark.parametrize(
    ("what", "forge"),
    [
        ("another type", lambda packet: packet),
        ("a code", lambda packet: changed(reply(packet), 1)),
        ("a foreign identifier", lambda packet: changed(reply(packet), 5)),
        ("another number", lambda packet: changed(reply(packet), 7)),
        ("another payload", lambda packet: changed(reply(packet), 20)),
        ("less of the payload", lambda packet: reply(packet)[:-1]),
        ("more than the payload", lambda packet: reply(packet) + b"x"),
        ("half a header", lambda packet: reply(packet)[:7]),
        ("nothing", lambda packet: b""),
        ("an IP header and no more", lambda packet: b"\x45" + bytes(19)),
        ("a longer IP header than there is", lambda packet: b"\x4f"),
    ],
)
async def test_what_is_no_answer_to_the_echo_is_passed_over(
    what: str, forge: Callable[[bytes], bytes]
) -> None:
    assert await ping_by(lambda packet: [forge(packet)]) == 0, what


async def test_an_answer_from_another_address_is_passed_over() -> None:
    assert await ping_by(lambda packet: [reply(packet)], source="127.0.0.2") == 0


async def test_an_answer_behind_an_ip_header_is_taken() -> None:
    assert await ping_by(lambda packet: [b"\x46" + bytes(23) + reply(packet)]) == 1


async def test_an_answer_that_comes_twice_counts_once() -> None:
    assert await ping_by(lambda packet: [reply(packet)] * 2, 3, timeout_s=IN_TIME_S) == 3


async def test_a_late_answer_to_an_earlier_check_is_none_to_this_one() -> None:
    kept: list[bytes] = []

    def script(packet: bytes) -> list[bytes]:
        kept.append(packet)
        return [] if len(kept) == 1 else [reply(kept[0])]

    with Reflector(script) as host, SharedSockets(host.make) as sockets:
        assert await ping(sockets, timeout_s=0.05) == []
        assert await ping(sockets, timeout_s=PATIENCE_S) == []


async def test_a_late_answer_to_an_earlier_echo_of_the_same_check_counts() -> None:
    kept: list[bytes] = []

    def script(packet: bytes) -> list[bytes]:
        kept.append(packet)
        return [] if len(kept) == 1 else [reply(one) for one in kept]

    assert await ping_by(script, 2) == 2


async def test_a_thousand_checks_share_one_socket() -> None:
    counts: list[int] = []
    with Reflector() as host, SharedSockets(host.make) as sockets:

        async def one() -> None:
            counts.append(len(await ping(sockets, timeout_s=10)))

        async with anyio.create_task_group() as tasks:
            for _ in range(1000):
                tasks.start_soon(one)
        assert (host.made, len(set(host.asked))) == (1, 1000)
    assert counts == [1] * 1000


@pytest.mark.skipif(not hasattr(socket, "MSG_ERRQUEUE"), reason="only Linux stamps packets")
async def test_a_busy_loop_does_not_make_the_latency_longer() -> None:
    """The answer is there before `sendto` returns; the loop comes to read it after the nap. A kernel
    that nobody else has asked for stamps begins to give them a moment later.
    """
    nap_s = 0.05
    trips: list[int] = []

    async def nap() -> None:
        time.sleep(nap_s)

    async def measure() -> None:
        trips.extend(await ping(sockets))

    with Reflector() as host, SharedSockets(host.make) as sockets, anyio.fail_after(10):
        while not trips or min(trips) > nap_s * 1e9:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(measure)
                tasks.start_soon(nap)
    assert min(trips) > 0


@pytest.mark.skipif(not hasattr(socket, "MSG_ERRQUEUE"), reason="only Linux keeps ICMP errors")
@pytest.mark.parametrize("count", [1, 3])
async def test_what_a_router_says_ends_the_check_at_once(count: int) -> None:
    with Reflector() as host, SharedSockets(host.make) as sockets:
        with pytest.raises(CheckFailed) as failed:
            await ping(sockets, count, host="127.0.0.9")
        assert failed.value.reason is Reason.CONNECT_REFUSED
        assert failed.value.detail == "127.0.0.9 refused the connection"


async def test_answers_still_come_after_errors() -> None:
    with Reflector() as host, SharedSockets(host.make) as sockets:
        for _ in range(3):
            with pytest.raises(CheckFailed):
                await ping(sockets, host="127.0.0.9")
            assert len(await ping(sockets)) == 1


async def test_errors_of_one_host_do_not_disturb_the_pings_to_another() -> None:
    with Reflector() as host, SharedSockets(host.make) as sockets:
        told: list[int] = []

        async def fail() -> None:
            with pytest.raises(CheckFailed):
                await ping(sockets, 5, host="127.0.0.9")

        async def succeed() -> None:
            told.append(len(await ping(sockets, 5)))

        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(fail)
                tasks.start_soon(succeed)
        assert told == [5] * 40


def test_a_request_has_the_checksum_of_its_octets() -> None:
    packet = request(4, 0x1234, 0x0001, b"abcdefgh")
    words = [int.from_bytes(packet[at : at + 2], "big") for at in range(0, len(packet), 2)]
    total = sum(words)
    assert ((total >> 16) + (total & 0xFFFF)) == 0xFFFF
