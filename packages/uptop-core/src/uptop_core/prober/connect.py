"""From vetted addresses to a connection: a dead address must not eat the whole timeout."""

from __future__ import annotations

import time
from collections import deque
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from uptop_core.looks import Phase
from uptop_core.prober.os_errors import connect_failure
from uptop_core.prober.readiness import WRITABLE, first_rung
from uptop_core.prober.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.looks import Look
    from uptop_core.targets import Address

HEAD_START_S = 0.25  # what each address gets before the next one is tried as well (RFC 8305)
MOST_ADDRESSES = 6  # how many addresses of a name are tried at all

_CONNECT = Phase.CONNECT


async def connect(look: Look, addresses: Sequence[Address], port: int) -> Stream:
    """A connection to the first of `addresses` that takes one; sets `look.address`.

    `addresses` come from `resolve`, which has vetted them. Each gets a head start before the next
    is tried beside it, and the two families take turns. Raises CheckFailed with what the first
    address said when none works.
    """
    look.enter(_CONNECT)
    try:
        if len(addresses) == 1:
            stream = await _connected(look, addresses[0], port)
        else:
            stream = await _Race(look, take_turns(addresses)[:MOST_ADDRESSES], port).run()
    except OSError as error:
        if look.address is None:  # the system refused to begin
            look.address = str(addresses[0])
        host = f"[{look.address}]" if ":" in (look.address or "") else look.address
        raise connect_failure(error, f"{host}:{port}") from error
    look.address = stream.text
    look.enter(None, stream.connected_ns)
    return stream


async def _connected(look: Look, address: Address, port: int) -> Stream:
    stream = Stream(address, port)
    look.address = stream.text
    try:
        while True:
            await stream.bell.rung(WRITABLE)
            if stream.is_connected():
                return stream
    except BaseException:
        stream.close()
        raise


def take_turns(addresses: Sequence[Address]) -> list[Address]:
    """The same addresses, with the family of the first and the other one by turns."""
    first = addresses[0].version
    same = [address for address in addresses if address.version == first]
    other = [address for address in addresses if address.version != first]
    pairs = chain.from_iterable(zip_longest(same, other))
    return [address for address in pairs if address is not None]


class _Race:
    """Attempts one after another, each with a head start; the first connection ends all others."""

    def __init__(self, look: Look, order: Sequence[Address], port: int) -> None:
        look.address = str(order[0])
        self._order = order
        self._port = port
        self._waiting = deque(order)
        self._running: list[Stream] = []
        self._first_error: OSError | None = None

    async def run(self) -> Stream:
        """The winner. Raises the error of the first address if there is none."""
        won: Stream | None = None
        try:
            while won is None:
                self._begin_next()
                won = await self._won()
            self._running.remove(won)
            return won
        finally:
            for stream in self._running:
                stream.close()

    def _begin_next(self) -> None:
        """Begin with the next address with which one can. Raises OSError if all have failed."""
        while self._waiting:
            address = self._waiting.popleft()
            try:
                self._running.append(Stream(address, self._port))
                return
            except OSError as error:
                self._failed(str(address), error)
        if not self._running:
            assert self._first_error is not None  # noqa: S101  nothing runs, so all have failed
            raise self._first_error

    async def _won(self) -> Stream | None:
        """The one that connects; None once the next may begin beside those that run."""
        until = time.monotonic() + HEAD_START_S
        while True:
            within_s = max(0.0, until - time.monotonic()) if self._waiting else None
            await first_rung([stream.bell for stream in self._running], within_s)
            before = len(self._running)
            # All are looked at: what rang for one of them does not ring again.
            connected = [stream for stream in tuple(self._running) if self._is_connected(stream)]
            if connected:
                return connected[0]
            if len(self._running) < before or (self._waiting and time.monotonic() >= until):
                return None

    def _is_connected(self, stream: Stream) -> bool:
        try:
            return stream.is_connected()
        except OSError as error:
            self._running.remove(stream)
            stream.close()
            self._failed(stream.text, error)
            return False

    def _failed(self, address: str, error: OSError) -> None:
        if address == str(self._order[0]):
            self._first_error = error
