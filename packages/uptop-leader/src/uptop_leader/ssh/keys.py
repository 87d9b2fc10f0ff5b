"""Whose an SSH key is: `UPTOP_ADMIN_KEY`, and the lines of an authorized_keys file. Reads, decides.

A line's key is the user's that its option `user="…"` names, else its comment up to an `@`. An option
that narrows a key and that is not known here makes the key open nothing: never more than was meant.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import asyncssh

from uptop_core.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.people import People, User

log = logging.getLogger(__name__)

LARGEST = 1 << 20  # bytes of an authorized_keys file
_HARMLESS = frozenset(
    {
        *("user", "from", "pty", "restrict", "environment", "no-user-rc", "user-rc"),
        *("no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-touch-required"),
        *("port-forwarding", "agent-forwarding", "X11-forwarding", "permitopen", "permitlisten"),
    }
)
"""Options that forbid nothing that is done here, or that are obeyed."""


class KnownKeys:
    """The keys that open the terminal UI. It blocks, so it is asked in worker threads."""

    def __init__(self, admin_key: str, path: Path | None, people: People) -> None:
        self._admin_key = admin_key
        self._path = path
        self._people = people

    def owner(self, key: asyncssh.SSHKey, address: str) -> User | None:
        """Whose a key is that is shown from an address; None, and a line in the log, for nobody's."""
        try:
            return self._owner(key, address)
        except StoreError as error:
            log.warning("ssh: whose key %s is cannot be asked: %s", key.get_fingerprint(), error)
            return None

    def _owner(self, key: asyncssh.SSHKey, address: str) -> User | None:
        if self._admin_key and _shows(key, self._admin_key, address) is not None:
            admins = (user for user in self._people.users() if user.role == "admin")
            if (first := next(admins, None)) is not None:
                return first
        for line in self._lines():
            if (options := _shows(key, line, address)) is not None:
                return self._user(key, line, options)
        log.info("ssh: the key %s from %s is nobody's", key.get_fingerprint(), address)
        return None

    def _user(self, key: asyncssh.SSHKey, line: str, options: dict[str, object]) -> User | None:
        print_ = key.get_fingerprint()
        if strange := sorted(set(options) - _HARMLESS):
            words = ", ".join(strange)
            log.warning("ssh: the key %s opens nothing here, it is bound by: %s", print_, words)
            return None
        names = options.get("user")
        named = str(names[0]) if isinstance(names, list) else ""
        name = named or _comment(key, line).partition("@")[0]
        for user in self._people.users():
            if user.name == name:
                return user
        log.warning(
            "ssh: the key %s is that of %r, and there is no user of this name", print_, name
        )
        return None

    def _lines(self) -> list[str]:
        if self._path is None:
            return []
        try:
            with self._path.open("rb") as file:
                text = file.read(LARGEST).decode("utf-8", "replace")
        except OSError as error:
            log.warning("ssh: %s cannot be read: %s", self._path, error.strerror)
            return []
        return [line for line in map(str.strip, text.splitlines()) if line and line[0] != "#"]


def _shows(key: asyncssh.SSHKey, line: str, address: str) -> dict[str, object] | None:
    """The options of a line that is for this key, from this address; None for any other."""
    if _written(key) not in line:
        return None
    try:
        options = asyncssh.import_authorized_keys(line).validate(key, address, address)
    except (ValueError, asyncssh.KeyImportError):  # a line that is no key is nobody's
        return None
    return None if options is None else dict(options)


def _comment(key: asyncssh.SSHKey, line: str) -> str:
    """What stands behind the key in its line."""
    return line.partition(_written(key))[2].strip()


def _written(key: asyncssh.SSHKey) -> str:
    """The key as it stands in a line."""
    return key.export_public_key("openssh").decode().split()[1]
