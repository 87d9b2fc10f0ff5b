"""The leaders that are kept: where each is and the token for it, in one file of mode 0600.

The file lies in the user's configuration directory. It is read anew before each change and replaced
whole, so that two terminals do not undo each other's.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from uptop_core.errors import ConfigError, Problem, SettingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

FILE = "tui.json"


class KeptLeader(Struct, frozen=True, kw_only=True):
    """One leader and the token to ask it with (none where it needs none); `name` is unique."""

    url: str
    token: str = ""
    name: str = ""

    def __repr__(self) -> str:
        return f"KeptLeader(url={self.url!r}, name={self.name!r}, token=(hidden))"


class Kept(Struct, frozen=True, kw_only=True):
    """All that the file holds: the leaders, the name of the one used last, and the theme."""

    leaders: tuple[KeptLeader, ...] = ()
    last: str = ""
    theme: str = ""

    def find(self, name: str) -> KeptLeader | None:
        """The leader of that name."""
        return next((leader for leader in self.leaders if leader.name == name), None)

    @property
    def latest(self) -> KeptLeader | None:
        """The one that was used last, else the first."""
        return self.find(self.last) or next(iter(self.leaders), None)


class Leaders:
    """The file of kept leaders at `path`. Raises ConfigError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Kept:
        """What is kept; nothing where there is no file. Who else could read it can no more."""
        try:
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
            return msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._unusable(f"is damaged ({error}): mend it or take it away") from None

    def keep(self, leader: KeptLeader) -> Kept:
        """Keep a leader, in the place of the one of its name, and as the one used last."""
        kept = self.read()
        others = tuple(one for one in kept.leaders if one.name != leader.name)
        return self._write(replace(kept, leaders=(*others, leader), last=leader.name))

    def forget(self, name: str) -> Kept:
        """Keep the leader of that name no more."""
        kept = self.read()
        others = tuple(one for one in kept.leaders if one.name != name)
        last = "" if kept.last == name else kept.last
        return self._write(replace(kept, leaders=others, last=last))

    def use(self, name: str) -> Kept:
        """Note that the leader of that name is the one used last."""
        return self._write(replace(self.read(), last=name))

    def keep_theme(self, theme: str) -> Kept:
        """Note which theme was chosen."""
        return self._write(replace(self.read(), theme=theme))

    def _write(self, kept: Kept) -> Kept:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.")
            part = Path(name)  # of mode 0600 from the start
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(f"cannot be written: {error.strerror}") from None
        return kept

    def _unusable(self, what: str) -> ConfigError:
        return ConfigError([Problem("", what)], str(self.path))


def user_leaders() -> Leaders:
    """The file in the configuration directory of who runs this."""
    import platformdirs  # Textual's own; only who keeps leaders needs it

    return Leaders(platformdirs.user_config_path("uptop") / FILE)


def name_for(url: str, taken: Iterable[str]) -> str:
    """A name for a leader by its URL that no other one has: `uptop.example.com`, `… 2`."""
    parts = urlsplit(url)
    name = parts.netloc.rpartition("@")[2] or url
    used, number = set(taken), 1
    while (name if number == 1 else f"{name} {number}") in used:
        number += 1
    return name if number == 1 else f"{name} {number}"


def choose(url: str, token: str, name: str, kept: Kept) -> KeptLeader | None:
    """Which leader is meant by what was written and what is kept: the one at `url` (with the kept
    token where none is given), the kept one of that name, or the one used last; None: there is none.
    """
    if url:
        known = next((one for one in kept.leaders if one.url == url), None)
        if token or known is None:
            same = known.name if known is not None and known.token == token else ""
            return KeptLeader(url=url, token=token, name=same)
        return known
    if not name:
        return kept.latest
    if (found := kept.find(name)) is None:
        names = ", ".join(one.name for one in kept.leaders) or "none is kept yet"
        raise SettingError([Problem("--leader", f"no leader {name!r} is kept: {names}")])
    return found


def kept_theme(themes: Collection[str], leaders: Leaders | None) -> str:
    """The theme that was chosen last; empty for none, or for one that there is not any more."""
    if leaders is None:
        return ""
    try:
        theme = leaders.read().theme
    except ConfigError:  # it is told where it matters more
        return ""
    return theme if theme in themes else ""
