"""The host key: by which an SSH client knows this leader again. Read, or made with mode 0600."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh

from uptop_core.errors import Problem, SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.settings import LeaderSettings

FILE = "uptop-ssh-host-key"


def host_key(settings: LeaderSettings) -> asyncssh.SSHKey:
    """The key; SettingError where there is none that can be used."""
    path = settings.ssh_host_key or settings.folder / FILE
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise _unusable(path, "can be read by others: chmod 600 it")
        return asyncssh.read_private_key(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read or made: {error.strerror}") from None
    except asyncssh.KeyImportError as error:
        raise _unusable(path, f"is no private key without a passphrase: {error}") from None


def _make(path: Path) -> None:
    """Write a new key, which appears whole: where another leader that starts at the same time was
    faster, its key stays and is read.
    """
    content = asyncssh.generate_private_key("ssh-ed25519", "uptop").export_private_key()
    # a private file, which has no name any more when the block ends
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as part:
        part.write(content)
        part.flush()
        with suppress(FileExistsError):
            path.hardlink_to(part.name)


def _unusable(path: Path, what: str) -> SettingError:
    return SettingError([Problem("UPTOP_SSH_HOST_KEY", f"{path} {what}")])
