"""ICMP echoes to one host: one after another, each with its share of the time, losses counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.outcomes import Reason
from uptop_core.prober.icmp import where
from uptop_core.prober.os_errors import connect_failure

if TYPE_CHECKING:
    from uptop_core.looks import Look
    from uptop_core.prober.echo_socket import Echo
    from uptop_core.targets import Address

_SHARE = 0.9  # of the time that is left: the last echo must be counted before the deadline


async def echo(look: Look, address: Address, count: int) -> list[int]:
    """Send `count` echoes one after another; the round trips, in ns, of those that came back.

    `address` has been vetted. A single echo is awaited until the caller's deadline. Raises
    CheckFailed when none came back and the network said why, or when this node cannot send.
    """
    sent: list[Echo] = []
    failure: OSError | None = None
    try:
        line = look.sockets.echoes(address.version)
        target = where(address)
        try:
            for number in range(count):
                one = await line.send(target)
                sent.append(one)
                patience_s = _patience(look, count - number) if count > 1 else None
                failure = await one.back(patience_s) or failure
        finally:
            line.forget(sent)
    except OSError as error:
        failure = error
    trips = [one.trip_ns for one in sent if one.trip_ns is not None]
    if failure is not None:
        told = connect_failure(failure, str(address))
        if not trips or told.reason is Reason.INTERNAL_ERROR:
            raise told from failure
    return trips


def _patience(look: Look, echoes: int) -> float:
    """How many seconds the next of `echoes` may take, so that all fit before the deadline."""
    return _SHARE * look.left_s() / echoes
