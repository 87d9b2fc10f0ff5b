"""Questions to one DNS server that are under way at the same time share a UDP socket.

Who wants to pass off a forged answer must guess the server's address, the id and the port of the
question (RFC 5452), while it is under way. So ids are random; the kernel drops what does not come
from the server; and a port is a new random one after `LIFE_S`, and whenever nothing is under way,
so that the checks of a quiet node have a port each. The case of names is not mixed as a further
secret: some servers answer in a case of their own, and calling them down would be a false alarm.
This is engine code, so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.dns_rdata import Unreadable
from uptop_core.prober.os_errors import connect_failure
from uptop_core.prober.stamps import SPACE, arrived_ns, stamp_what_comes

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.prober.dns_message import Answer, Question
    from uptop_core.prober.dns_records import Server

RESEND_S = 1.0  # a lost datagram must not be an outage
LIFE_S = 1.0  # how long a port is used for new questions
_MOST = 4096  # questions under way on one port
_TIMES_WITH_EDNS = 2  # some servers do not answer what they do not know
_AT_ONCE = 128  # answers that are read before others have their turn
_UNREAD = 64  # questions that are sent before answers are looked for: the kernel keeps but few
_BUFFER = 1024 * 1024  # bytes of answers that may wait; the system may allow less


class _Asked:
    """A question under way."""

    __slots__ = (
        "answer", "began_ns", "came_ns", "edns", "question", "timer", "times", "until",
    )  # fmt: skip

    def __init__(
        self,
        question: Question,
        answer: asyncio.Future[Answer | CheckFailed | None],
        edns: bool,
        until: float | None,
    ) -> None:
        self.question = question
        self.answer = answer
        self.edns = edns
        self.until = until  # by the time of the loop
        self.times = 0
        self.timer: asyncio.TimerHandle | None = None
        self.began_ns = self.came_ns = time.perf_counter_ns()

    def end(self, answer: Answer | CheckFailed | None) -> None:
        # Failures are values here: nobody may be left who would take an exception.
        if not self.answer.done():
            self.answer.set_result(answer)


class DnsSocket:
    """Asks one server on the running loop, and closes itself when nothing is under way; then calls
    `on_close`. Raises CheckFailed where there can be no socket to that server.
    """

    def __init__(
        self,
        server: Server,
        make_socket: Callable[[int, int, int], socket.socket],
        on_close: Callable[[DnsSocket], None],
    ) -> None:
        self.server = server
        self._on_close = on_close
        self._loop = asyncio.get_running_loop()
        self._old_at = self._loop.time() + LIFE_S
        self._waiting: dict[int, _Asked] = {}
        self._unread = 0
        self._open = True
        family = socket.AF_INET6 if server.address.version == 6 else socket.AF_INET
        try:
            self._sock = make_socket(family, socket.SOCK_DGRAM, 0)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._sock.setblocking(False)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            stamp_what_comes(self._sock)
            # Connected, so that the kernel drops what comes from elsewhere and tells of refusals.
            self._sock.connect((str(server.address), server.port))
            self._loop.add_reader(self._sock, self._read)
        except OSError as error:
            self._sock.close()
            raise self._failure(error) from error
        except BaseException:  # such as a loop that watches no files
            self._sock.close()
            raise

    def takes_questions(self) -> bool:
        """Whether new questions may go over it."""
        return self._open and len(self._waiting) < _MOST and self._loop.time() < self._old_at

    async def ask(
        self, question: Question, patience_s: float | None = None, *, edns: bool = True
    ) -> tuple[Answer, int] | None:
        """The answer, and when it came, by time.perf_counter_ns; None when there is none within
        `patience_s`, if that is given. Raises CheckFailed when the server cannot be asked, or its
        answer cannot be read.
        """
        until = None if patience_s is None else self._loop.time() + patience_s
        asked = _Asked(question, self._loop.create_future(), edns, until)
        number = self._free_number()
        self._waiting[number] = asked
        try:
            self._send(number, asked)
            self._unread += 1
            if self._unread >= _UNREAD:
                self._read()
            answer = await asked.answer
        finally:
            if asked.timer is not None:
                asked.timer.cancel()
            self._waiting.pop(number, None)
            if not self._waiting:
                self.close()
        if isinstance(answer, CheckFailed):
            raise answer
        return None if answer is None else (answer, asked.came_ns)

    def close(self) -> None:
        """Close the socket; who still waits is told that there will be no answer."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._on_close(self)
        for asked in self._waiting.values():
            asked.end(CheckFailed(Reason.INTERNAL_ERROR, "this node stopped asking"))

    def _free_number(self) -> int:
        while True:
            number = int.from_bytes(os.urandom(2), "big")
            if number not in self._waiting:
                return number

    def _send(self, number: int, asked: _Asked) -> None:
        """Send it, and see to it that it is sent again."""
        packet = asked.question.packet(number, edns=asked.edns and asked.times < _TIMES_WITH_EDNS)
        asked.times += 1
        try:
            self._sock.send(packet)
        except BlockingIOError:
            pass  # a full buffer loses it, as the line may
        except OSError as error:
            self._fail(error)
            return
        wait_s = RESEND_S
        if asked.until is not None:
            wait_s = min(wait_s, max(0.0, asked.until - self._loop.time()))
        asked.timer = self._loop.call_later(wait_s, self._send_again, number, asked)

    def _send_again(self, number: int, asked: _Asked) -> None:
        if asked.until is not None and self._loop.time() >= asked.until:
            asked.end(None)
        elif not asked.answer.done():
            self._send(number, asked)

    def _read(self) -> None:
        """Take what has come in."""
        self._unread = 0
        for _ in range(_AT_ONCE):
            if not self._open:
                return
            try:
                wire, told, _, _ = self._sock.recvmsg(65_535, SPACE)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
                return
            asked = self._waiting.get(int.from_bytes(wire[:2], "big"))
            if asked is not None and len(wire) >= 2 and not asked.answer.done():
                asked.came_ns = arrived_ns(told, asked.began_ns)
                self._take(wire, asked)

    def _take(self, wire: bytes, asked: _Asked) -> None:
        """End the waiting if this is the answer; else it is somebody's guess."""
        try:
            if asked.question.is_answered_by(wire):
                asked.end(asked.question.read(wire))
        except Unreadable:
            asked.end(unreadable(self.server))

    def _fail(self, error: OSError) -> None:
        """The network says that the server cannot be asked: that goes for all that is under way."""
        for asked in self._waiting.values():
            asked.end(self._failure(error))
        self.close()

    def _failure(self, error: OSError) -> CheckFailed:
        return no_server(connect_failure(error, f"the DNS server {self.server}"))


def no_server(failure: CheckFailed) -> CheckFailed:
    """However a DNS server fails to answer, it is a DNS error; our own shortages stay ours."""
    if failure.reason is Reason.INTERNAL_ERROR:
        return failure
    return CheckFailed(Reason.DNS_ERROR, failure.detail)


def unreadable(server: Server) -> CheckFailed:
    """What is told of an answer that is no message."""
    return CheckFailed(Reason.PROTOCOL_ERROR, f"the answer of {server} cannot be read")
