"""A copy of the whole database while it is in use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.connections import Connections


def backup(connections: Connections, target: Path) -> None:
    """Write a copy to `target` that only its owner may read. It appears whole or not at all."""
    if connections.is_own(target):
        raise StoreError(f"{target} is the database itself: give the backup a name of its own")
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"the backup {target} cannot be written: {error.strerror}") from error
    try:
        connections.copy_to(part)
        part.replace(target)
    except OSError as error:
        raise StoreError(f"the backup {target} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
