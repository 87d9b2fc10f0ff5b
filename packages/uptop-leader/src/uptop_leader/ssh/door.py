"""The door: who may come in, by which key, and to what. One per connection."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh

from uptop_leader.ssh.session import Behind, Session

if TYPE_CHECKING:
    from uptop_leader.ssh.keys import KnownKeys
    from uptop_leader.store.people import User

log = logging.getLogger(__name__)

UNUSED_S = 60.0  # a connection without a session is closed after this
MOST_KEYS = 10  # that are nobody's, of one connection
SPARE = 20  # connections beyond those of sessions, for who has not shown a key yet


class House:
    """Everybody who is in, and how many may be."""

    def __init__(self, behind: Behind, keys: KnownKeys) -> None:
        self.behind = behind
        self.keys = keys
        self.doors: dict[Door, None] = {}
        """In the order of their coming."""
        self.sessions: set[Session] = set()

    def make_room(self) -> bool:
        """Close a connection on which nobody has shown who they are: the oldest of the address that
        has most of them. False where there is none.
        """
        waiting = [door for door in self.doors if not door.is_known]
        held = Counter(door.address for door in waiting)
        first = max(waiting, key=lambda door: held[door.address], default=None)
        if first is not None:
            first.abort()
        return first is not None

    async def empty(self, within_s: float) -> None:
        """Close every session and every connection; clients get so long to take the last words."""
        for session in tuple(self.sessions):
            session.end("the leader stops")
        begun = [door for door in self.doors if door.has_sessions]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for door in begun:
                    await door.gone.wait()
        for door in tuple(self.doors):
            door.close()


class Door(asyncssh.SSHServer):
    """Lets in who shows a known key; what SSH offers beside a session is refused by default."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._connection: asyncssh.SSHServerConnection | None = None
        self.address = ""
        self._user: User | None = None
        self._is_in = False
        self._refused = 0
        self._open = 0
        self._closing: asyncio.TimerHandle | None = None
        self.gone = asyncio.Event()
        """Set when the connection is no more."""

    @property
    def has_sessions(self) -> bool:
        """Whether anybody looks along this connection."""
        return self._open > 0

    @property
    def is_known(self) -> bool:
        """Whether somebody has come in by it."""
        return self._is_in

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        peer = str((conn.get_extra_info("peername") or ("?",))[0])
        self.address = peer.removeprefix("::ffff:")  # IPv4 on a socket for both
        is_full = len(self._house.doors) >= self._house.behind.most + SPARE
        if is_full and not self._house.make_room():
            log.warning("ssh: too many connections: that of %s is refused", self.address)
            conn.abort()
            return
        self._house.doors[self] = None

    def connection_lost(self, _error: Exception | None) -> None:
        self._house.doors.pop(self, None)
        self._connection = None
        self.gone.set()
        if self._closing is not None:
            self._closing.cancel()

    def abort(self) -> None:
        """Close the connection at once."""
        self._house.doors.pop(self, None)
        if self._connection is not None:
            self._connection.abort()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, "closed")

    # Who it is

    def begin_auth(self, _name: str) -> bool:
        return True  # the key says who it is, not the name

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, _name: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key is somebody's. A key is asked about before it is proven: the last one
        that was asked about is the one that was proven when a session is opened.
        """
        self._user = None
        if self._refused < MOST_KEYS:
            self._user = await asyncio.to_thread(self._house.keys.owner, key, self.address)
        if self._user is None:
            self._refused += 1
        return self._user is not None

    def auth_completed(self) -> None:
        self._is_in = True
        self._close_if_unused()

    # What it opens

    def session_requested(self) -> Session | bool:
        if self._user is None:
            return False
        behind, address = self._house.behind, self.address
        return Session(behind, self._user, address, self._begun, self._ended)

    def _begun(self, session: Session) -> bool:
        if len(self._house.sessions) >= self._house.behind.most:
            return False
        self._open += 1
        self._house.sessions.add(session)
        return True

    def _ended(self, session: Session) -> None:
        self._open -= 1
        self._house.sessions.discard(session)
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        if self._connection is None:
            return
        self._closing = asyncio.get_running_loop().call_later(UNUSED_S, self._close_unused)

    def _close_unused(self) -> None:
        if not self._open:
            self.close()
