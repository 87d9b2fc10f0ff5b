"""Passes: what a session over SSH shows to the API in the place of a token.

A pass speaks for a user for as long as the session lasts. It is kept in memory only, so a node whose
database is a copy gives them too; what the user may do is read from the database each time it is
shown. It is given in another thread than it is looked up in, which one dictionary bears.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "ups_"


class Bearer(Struct, frozen=True):
    """For whom a pass speaks: a user (an id), and from where they came, for the audit log."""

    user: str
    source: str


class Passes:
    """The passes that are good now."""

    def __init__(self) -> None:
        self._bearers: dict[str, Bearer] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._bearers)

    @contextmanager
    def given(self, user: str, source: str) -> Iterator[str]:
        """A new pass, good until the block ends."""
        token = PREFIX + secrets.token_urlsafe(32)
        self._bearers[token] = Bearer(user, source)
        try:
            yield token
        finally:
            del self._bearers[token]

    def find(self, token: str) -> Bearer | None:
        """For whom it speaks; None for any other token."""
        return self._bearers.get(token) if token.startswith(PREFIX) else None
