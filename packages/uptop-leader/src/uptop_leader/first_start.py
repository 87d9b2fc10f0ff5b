"""On the first start without users: an admin, and a token for it in a file that only its owner
reads, beside the database."""

from __future__ import annotations

import logging
import os
import secrets
from functools import partial
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.store import Store

TOKEN_FILE = "uptop-admin-token"  # noqa: S105  the name of a file
PREFIX_LENGTH = 12

log = logging.getLogger(__name__)


def first_admin(store: Store, folder: Path, now: float) -> None:
    """Make the admin and its token unless there are users already. The file is written before
    the token counts, so a token that works is never lost."""
    if store.people.has_users():
        return
    path = folder / TOKEN_FILE
    token = new_token()
    keep = partial(_write_private, path, token + "\n")
    if store.people.add_first_admin(token_hash(token), token[:PREFIX_LENGTH], now, keep):
        log.warning("first start: the admin's API token is in %s", path.absolute())


def new_token() -> str:
    """A new API token: it begins with `up_`, so that leaked ones can be searched for."""
    return "up_" + secrets.token_urlsafe(32)


def _write_private(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
    except OSError as error:
        why = f"the admin's first token cannot be kept in {path}: {error.strerror or error}"
        raise StoreError(why) from None
