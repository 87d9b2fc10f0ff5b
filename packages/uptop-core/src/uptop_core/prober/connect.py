"""From vetted addresses to a connection: a dead address must not eat the whole timeout."""

from __future__ import annotations

from ipaddress import IPv6Address
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import anyio

from uptop_core.looks import Phase
from uptop_core.prober.os_errors import connect_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import SocketStream

    from uptop_core.looks import Look
    from uptop_core.targets import Address

HEAD_START_S = 0.25  # what each address gets before the next one is tried as well (RFC 8305)
MOST_ADDRESSES = 6  # how many addresses of a name are tried at all


async def connect(look: Look, addresses: Sequence[Address], port: int) -> SocketStream:
    """A connection to the first of `addresses` that takes one; sets `look.address`.

    `addresses` come from `resolve`, which has vetted them. Each gets a head start before the next
    is tried beside it, and the two families take turns. Raises CheckFailed with what the first
    address said when none works.
    """
    look.enter(Phase.CONNECT)
    order = take_turns(addresses)[:MOST_ADDRESSES]
    look.address = str(order[0])
    try:
        address, stream = await _first(order, port)
    except OSError as error:
        raise connect_failure(error, f"{_written(order[0])}:{port}") from error
    look.address = str(address)
    look.enter(None)
    return stream


def take_turns(addresses: Sequence[Address]) -> list[Address]:
    """The same addresses, with the family of the first and the other one by turns."""
    first = addresses[0].version
    same = [address for address in addresses if address.version == first]
    other = [address for address in addresses if address.version != first]
    pairs = chain.from_iterable(zip_longest(same, other))
    return [address for address in pairs if address is not None]


async def _first(order: Sequence[Address], port: int) -> tuple[Address, SocketStream]:
    if len(order) == 1:
        return order[0], await anyio.connect_tcp(str(order[0]), port)
    return await _Race(order, port).run()


class _Race:
    """Attempts one after another, each with a head start; the first connection ends all others."""

    def __init__(self, order: Sequence[Address], port: int) -> None:
        self._order = order
        self._port = port
        self._errors: dict[Address, OSError] = {}
        self._won: tuple[Address, SocketStream] | None = None

    async def run(self) -> tuple[Address, SocketStream]:
        """The winner. Raises the error of the first address if there is none."""
        try:
            async with anyio.create_task_group() as attempts:
                for address in self._order:
                    failed = anyio.Event()
                    attempts.start_soon(self._attempt, address, failed, attempts.cancel_scope)
                    with anyio.move_on_after(HEAD_START_S):
                        await failed.wait()
        except BaseException:
            if self._won is not None:
                await anyio.aclose_forcefully(self._won[1])
            raise
        if self._won is None:
            raise self._errors[self._order[0]]
        return self._won

    async def _attempt(
        self, address: Address, failed: anyio.Event, race: anyio.CancelScope
    ) -> None:
        try:
            stream = await anyio.connect_tcp(str(address), self._port)
        except OSError as error:
            self._errors[address] = error
            failed.set()
            return
        if self._won is not None:
            await anyio.aclose_forcefully(stream)
            return
        self._won = address, stream
        race.cancel()


def _written(address: Address) -> str:
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)
