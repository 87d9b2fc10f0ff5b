"""What people have set up: monitors, channels and maintenance, and a change that is written whole."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.maintenance import Maintenance


class Configuration(Struct, frozen=True, kw_only=True):
    """Everything at one version. The version grows with every change."""

    version: int = 0
    monitors: tuple[Monitor, ...] = ()
    channels: tuple[Channel, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()


class ConfigChange(Struct, frozen=True, kw_only=True):
    """What to put (new or changed, matched by id) and what to drop (ids), in one transaction."""

    put_monitors: tuple[Monitor, ...] = ()
    drop_monitors: tuple[str, ...] = ()
    put_channels: tuple[Channel, ...] = ()
    drop_channels: tuple[str, ...] = ()
    put_maintenances: tuple[Maintenance, ...] = ()
    drop_maintenances: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


Edit = Callable[[Configuration], ConfigChange]
"""Makes a change of the configuration as it is when the change is written."""


class Actor(Struct, frozen=True, kw_only=True):
    """Who changes something, for the audit log: a name, and where it came from."""

    name: str
    source: str
