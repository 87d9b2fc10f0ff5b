"""The sockets that the checks of one node share, kept by whoever runs the checks.

A socket per ping costs more than the ping, and answers must find the check that asked. So there is
one owner for each event loop: a node has one for its life, and `run_check` makes one for a single
look where it is given none.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from uptop_core.prober.dns_records import Server
    from uptop_core.prober.dns_socket import DnsSocket
    from uptop_core.prober.echo_socket import EchoSocket


class SharedSockets:
    """A context manager; what it keeps is opened when first needed, on the loop that runs then.

    `make_socket` makes each socket, of a family, a type and a protocol.
    """

    def __init__(
        self, make_socket: Callable[[int, int, int], socket.socket] = socket.socket
    ) -> None:
        self._make_socket = make_socket
        self._echoes: dict[int, EchoSocket] = {}
        self._dns: dict[Server, DnsSocket] = {}  # those that take questions
        self._open: set[DnsSocket] = set()  # also those that only await their last answers

    def __enter__(self) -> SharedSockets:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def echoes(self, version: int) -> EchoSocket:
        """The one for ICMP of this IP version. Raises CheckFailed or OSError when there is none to
        be had; the next one to ask tries again.
        """
        found = self._echoes.get(version)
        if found is None:
            from uptop_core.prober.echo_socket import EchoSocket

            found = self._echoes[version] = EchoSocket(version, self._make_socket)
        return found

    def questions(self, server: Server) -> DnsSocket:
        """One that takes questions to a DNS server. Raises CheckFailed when there is none to be had."""
        found = self._dns.get(server)
        if found is None or not found.takes_questions():
            from uptop_core.prober.dns_socket import DnsSocket

            found = DnsSocket(server, self._make_socket, self._closed)
            self._dns[server] = found
            self._open.add(found)
        return found

    def close(self) -> None:
        """Close what is open; checks that still wait get no answer."""
        for one in tuple(self._open):
            one.close()
        while self._echoes:
            self._echoes.popitem()[1].close()

    def _closed(self, one: DnsSocket) -> None:
        self._open.discard(one)
        if self._dns.get(one.server) is one:
            del self._dns[one.server]
