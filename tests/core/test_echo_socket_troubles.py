"""A shared socket of pings that fails: our own trouble, and never a word on the target."""

import errno
import socket

import anyio
import pytest

from tests.core.icmp_reflector import Reflector
from tests.core.test_echo_socket import ping
from uptop_core import CheckFailed, Reason
from uptop_core.prober.sockets import SharedSockets

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


async def fail_for_our_own_reason(sockets: SharedSockets) -> None:
    with pytest.raises(CheckFailed) as failed:
        await ping(sockets)
    assert failed.value.reason is Reason.INTERNAL_ERROR


async def test_a_closed_socket_ends_the_waiting_without_a_word_on_the_target() -> None:
    with Reflector(lambda packet: []) as host, SharedSockets(host.make) as sockets:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail_for_our_own_reason, sockets)
            with anyio.fail_after(5):
                while not host.asked:
                    await anyio.lowlevel.checkpoint()
            sockets.close()


async def test_a_socket_that_is_closed_while_it_is_full_ends_the_waiting_too() -> None:
    made: list[FullSocket] = []

    def make(family: int, kind: int, protocol: int) -> socket.socket:
        made.append(full_socket(family, kind, protocol))
        return made[-1]

    async with anyio.create_task_group() as tasks:
        with SharedSockets(make) as sockets:
            tasks.start_soon(fail_for_our_own_reason, sockets)
            with anyio.fail_after(5):
                while not (made and made[0].was_asked):
                    await anyio.lowlevel.checkpoint()


async def test_a_node_that_may_not_send_is_told_how_to_allow_it() -> None:
    def refuse(family: int, kind: int, protocol: int) -> socket.socket:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with pytest.raises(CheckFailed, match=r"sysctl net\.ipv4\.ping_group_range") as failed:
        await ping(SharedSockets(refuse))
    assert failed.value.reason is Reason.INTERNAL_ERROR


async def test_raw_sockets_are_tried_when_unprivileged_ones_are_forbidden() -> None:
    tried: list[int] = []

    def refuse(family: int, kind: int, protocol: int) -> socket.socket:
        tried.append(kind)
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(CheckFailed):
        await ping(SharedSockets(refuse), host="::1")
    assert tried == [socket.SOCK_DGRAM, socket.SOCK_RAW]


@pytest.mark.parametrize(
    ("code", "reason"),
    [(errno.EMFILE, Reason.INTERNAL_ERROR), (errno.EAFNOSUPPORT, Reason.NO_ROUTE)],
)
async def test_a_socket_that_cannot_be_had_has_its_reason(code: int, reason: Reason) -> None:
    def fail(family: int, kind: int, protocol: int) -> socket.socket:
        raise OSError(code, "no socket")

    with pytest.raises(CheckFailed) as failed:
        await ping(SharedSockets(fail))
    assert failed.value.reason is reason


class FullSocket(socket.socket):
    """Takes no packet."""

    was_asked = False

    def sendto(self, data: object, *where: object) -> int:
        if self.fileno() < 0:
            raise OSError(errno.EBADF, "closed")
        self.was_asked = True
        raise BlockingIOError(errno.EAGAIN, "no room")


def full_socket(family: int, kind: int, protocol: int) -> FullSocket:
    return FullSocket(socket.AF_INET, socket.SOCK_DGRAM)


async def test_a_full_buffer_is_tried_again_and_never_a_loss_of_the_target() -> None:
    with SharedSockets(full_socket) as sockets:
        await fail_for_our_own_reason(sockets)
