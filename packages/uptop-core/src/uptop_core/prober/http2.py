"""What HTTP/2 servers do that h2 does not take, or does not tell in words for people. Pure.

A server that stops, or has answered enough on one connection, says goodbye (GOAWAY; RFC 9113, section
6.8) and still answers what it was asked before. h2 takes the goodbye for the end and refuses what
follows, so it gets to see none. Our one request is the first of its connection.
"""

from __future__ import annotations

import re

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason

FRAME_HEAD = 9  # bytes
GOAWAY = 7
_LONGEST = 16_384
_FIRST, _STREAMS = 1, (1 << 31) - 1


_OUT_OF_PLACE = re.compile(r"Invalid input \S+ in state \S+")


def judge_goodbye(frame: bytes | bytearray) -> None:
    """Raises CheckFailed(PROTOCOL_ERROR) for a goodbye, as a whole frame, after which the first
    request of its connection gets no answer.
    """
    body = frame[FRAME_HEAD:]
    last, error = int.from_bytes(body[:4]) & _STREAMS, int.from_bytes(body[4:8])
    if error or last < _FIRST:
        what = f"the target sends us away (HTTP/2 error {error})"
        raise CheckFailed(Reason.PROTOCOL_ERROR, what)


def in_words(error: Exception) -> str:
    """What h2 found wrong, for people."""
    said = _OUT_OF_PLACE.sub("a frame that is out of place", str(error))
    if said.isdigit():
        said = f"a frame of the stream {said}, which there is not"
    return escape(said, 160)


class Goodbyes:
    """Takes what comes on a connection, in pieces of any size, and gives it back without the goodbyes
    in it.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._held: bytearray | None = None  # a goodbye that is not whole yet
        self._left = 0  # bytes of the frame that is under way

    def without(self, data: bytes) -> bytes:
        """The same without them; it may be empty. Raises as `judge_goodbye` does."""
        kept, at = bytearray(), 0
        while at < len(data):
            if not self._left:
                wanted = FRAME_HEAD - len(self._head)
                self._head += data[at : at + wanted]
                at += wanted
                if len(self._head) < FRAME_HEAD:
                    break
                self._begin(kept)
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if self._held is None:
                kept += piece
            else:
                self._held += piece
                if not self._left:
                    judge_goodbye(self._held)
                    self._held = None
        return bytes(kept)

    def _begin(self, kept: bytearray) -> None:
        self._left = int.from_bytes(self._head[:3])
        if self._head[3] == GOAWAY and 8 <= self._left <= _LONGEST:
            self._held = self._head
        else:
            kept += self._head
        self._head = bytearray()
