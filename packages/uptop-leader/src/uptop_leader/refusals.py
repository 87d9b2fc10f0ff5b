"""What the leader answers when it cannot do what a node or a person asks: its branch of the tree.

UptopError
└── Refusal
    ├── Unregistered        the node is not known; it registers again
    ├── InstanceConflict    another live process has the node's id
    ├── Behind              the queue is full or the store cannot be written: come again
    │   └── StandingBy      this node does not act now: ask the other one
    ├── NotAuthenticated    no secret or token, or a wrong one
    ├── NotAllowed          known, but the role is too low
    ├── NotThere            nothing is at that address or behind that id
    ├── Conflict            things are not so that this could be done
    │   └── Changed         somebody else has changed it since it was read
    ├── Unconditional       it must be said which version is to be replaced
    ├── BadRequest          the request cannot be understood
    ├── TooLarge            a body, or what it unpacks to, is over the limit
    ├── TooMany             requests come faster than anybody needs
    ├── UnknownEncoding     a body is packed in a way that is not read here
    └── TooSlow             a request did not arrive in time
"""

from __future__ import annotations

import math

from uptop_core.errors import UptopError


class Refusal(UptopError):
    """The root of what a request may be answered with instead of what it asked for."""


class Unregistered(Refusal):
    """Raised when a node that is not registered reports or asks."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"node {node!r} is not registered: register first")


class InstanceConflict(Refusal):
    """Raised when another live process has the same node id, for about `seconds` more."""

    def __init__(self, node: str, seconds: float) -> None:
        self.node = node
        self.seconds = seconds
        super().__init__(
            f"another live process is registered as node {node!r}:"
            f" give each its own id, or wait {seconds:.0f} s after stopping the other"
        )


class Behind(Refusal):
    """Raised when the queue is full or the store cannot be written: come again."""

    def __init__(self, why: str, retry_after_s: float = 5.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(why)


class StandingBy(Behind):
    """Raised when this node does not act at the moment; `what` says it in other words."""

    def __init__(self, role: str, *, what: str = "") -> None:
        super().__init__(what or f"this {role} stands by: ask the other node", retry_after_s=1.0)


def of_a_copy(url: str) -> StandingBy:
    """What is said to who would change a copy; `url` is where the original is."""
    return StandingBy("follower", what=f"what it copies is changed at the leader: {url}")


class NotAuthenticated(Refusal):
    """Raised when a request shows no secret or token where one is needed, or a wrong one."""


class NotAllowed(Refusal):
    """Raised when whoever asks is known, but may not do this."""


class NotThere(Refusal):
    """Raised when what is asked for does not exist, or is not switched on."""


class Conflict(Refusal):
    """Raised when what is asked for cannot be done as things are now."""


class Changed(Conflict):
    """Raised when something is not any more as whoever changes it has read it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the {what} was changed meanwhile: read it again, then change that")


class Unconditional(Refusal):
    """Raised when something is to be replaced and nobody says which version of it."""

    def __init__(self) -> None:
        super().__init__("say what is replaced: If-Match: <ETag> of what was read, or * for any")


class BadRequest(Refusal):
    """Raised when a request cannot be understood; `field` names the part, where there is one."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(f"{field}: {message}" if field else message)


class TooLarge(Refusal):
    """Raised when a body is larger than what is taken here."""


class TooMany(Refusal):
    """Raised when somebody asks too often, or (`is_wrong`) has shown too many wrong credentials."""

    def __init__(self, retry_after_s: float, *, is_wrong: bool = False) -> None:
        self.retry_after_s = retry_after_s
        what = "wrong credentials from this address" if is_wrong else "requests"
        super().__init__(f"too many {what}: come again in {max(1, math.ceil(retry_after_s))} s")


class UnknownEncoding(Refusal):
    """Raised for a Content-Encoding other than gzip."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"Content-Encoding {encoding[:40]!r} is not read here: use gzip or none")


class TooSlow(Refusal):
    """Raised when a request does not arrive in time."""
