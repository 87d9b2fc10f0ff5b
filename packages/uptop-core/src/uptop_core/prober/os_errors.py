"""What the operating system says of a connection, as a reason and a sentence."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASONS = {
    errno.ECONNREFUSED: (Reason.CONNECT_REFUSED, "refused the connection"),
    errno.ECONNRESET: (Reason.RESET, "reset the connection"),
    errno.ECONNABORTED: (Reason.RESET, "broke the connection off"),
    errno.EPIPE: (Reason.RESET, "closed the connection"),
    errno.ETIMEDOUT: (Reason.CONNECT_TIMEOUT, "did not answer"),
    errno.ENETUNREACH: (Reason.NO_ROUTE, "is in a network that cannot be reached from here"),
    errno.EHOSTUNREACH: (Reason.NO_ROUTE, "cannot be reached from here"),
    errno.ENETDOWN: (Reason.NO_ROUTE, "cannot be reached: the network is down"),
    errno.EHOSTDOWN: (Reason.NO_ROUTE, "cannot be reached: the host is down"),
    errno.EAFNOSUPPORT: (Reason.NO_ROUTE, "is of a family this node has no network for"),
    errno.EADDRNOTAVAIL: (Reason.NO_ROUTE, "cannot be reached from any address of this node"),
    errno.EACCES: (Reason.NO_ROUTE, "may not be connected to from this node"),
    errno.EPERM: (Reason.NO_ROUTE, "may not be connected to: a firewall of this node"),
}

# Shortages of this node: they say nothing about the target.
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def connect_failure(error: OSError, where: str) -> CheckFailed:
    """The failure to connect to `where` as a reason: `error` or what caused it says which."""
    code = _code(error)
    if code in _OURS:
        return CheckFailed(Reason.INTERNAL_ERROR, f"this node cannot connect: {os.strerror(code)}")
    reason, what = _REASONS.get(code, (Reason.NO_ROUTE, f"cannot be reached ({_text(code)})"))
    return CheckFailed(reason, f"{where} {what}")


def stream_failure(error: BaseException, when: str) -> CheckFailed:
    """A connection lost in the midst of things; `when` continues the sentence."""
    code = _code(error)
    if code in _OURS:
        return CheckFailed(Reason.INTERNAL_ERROR, f"this node cannot go on: {os.strerror(code)}")
    if code == errno.ETIMEDOUT:
        return CheckFailed(Reason.TIMEOUT, f"the target fell silent {when}")
    reason, what = _REASONS.get(code, (Reason.RESET, "closed the connection"))
    return CheckFailed(reason, f"the target {what} {when}")


def _code(error: BaseException) -> int:
    """The first errno along the chain of causes; 0 when there is none."""
    return next((one.errno for one in _chain(error) if isinstance(one, OSError) and one.errno), 0)


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        if isinstance(following, BaseExceptionGroup):
            for inner in following.exceptions:
                yield from _chain(inner)
        following = following.__cause__


def _text(code: int) -> str:
    return os.strerror(code) if code else "no error given"
