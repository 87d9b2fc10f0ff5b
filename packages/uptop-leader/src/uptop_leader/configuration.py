"""What people have set up: monitors and channels, and a change of them that is written whole."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel


class Configuration(Struct, frozen=True, kw_only=True):
    """All monitors and channels at one version. The version grows with every change."""

    version: int = 0
    monitors: tuple[Monitor, ...] = ()
    channels: tuple[Channel, ...] = ()


class ConfigChange(Struct, frozen=True, kw_only=True):
    """What to put (new or changed, matched by id) and what to drop (ids), in one transaction."""

    put_monitors: tuple[Monitor, ...] = ()
    drop_monitors: tuple[str, ...] = ()
    put_channels: tuple[Channel, ...] = ()
    drop_channels: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (
            self.put_monitors or self.drop_monitors or self.put_channels or self.drop_channels
        )


Edit = Callable[[Configuration], ConfigChange]
"""Makes a change of the configuration as it is when the change is written."""


class Actor(Struct, frozen=True, kw_only=True):
    """Who changes something, for the audit log: a name, and where it came from."""

    name: str
    source: str
