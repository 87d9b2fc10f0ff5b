"""What else there is that a form can refer to: monitors, groups, channels, regions, tags, users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_tui.forms.fields import Option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.views import ChannelView, MonitorView, NodeView

_GROUP = "group"


class Known(Struct, frozen=True, kw_only=True):
    """What a leader has, as far as it was asked."""

    monitors: tuple[MonitorView, ...] = ()
    channels: tuple[ChannelView, ...] = ()
    nodes: tuple[NodeView, ...] = ()
    users: tuple[str, ...] = ()

    def without(self, id: str) -> Known:
        """The same but for the thing that is edited: it does not refer to itself."""
        return Known(
            monitors=tuple(one for one in self.monitors if one.id != id),
            channels=tuple(one for one in self.channels if one.id != id),
            nodes=self.nodes,
            users=self.users,
        )

    @property
    def monitor_options(self) -> tuple[Option, ...]:
        """All monitors, by their names."""
        return _by_name(Option(one.id, f"{one.name} ({one.type})") for one in self.monitors)

    @property
    def group_options(self) -> tuple[Option, ...]:
        """The groups."""
        groups = (one for one in self.monitors if one.type == _GROUP)
        return _by_name(Option(one.id, one.name) for one in groups)

    @property
    def channel_options(self) -> tuple[Option, ...]:
        """The channels."""
        return _by_name(Option(one.id, f"{one.name} ({one.type})") for one in self.channels)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that nodes are in."""
        return tuple(sorted({one.region for one in self.nodes if one.state != "left"}))


def _by_name(options: Iterable[Option]) -> tuple[Option, ...]:
    return tuple(sorted(options, key=lambda option: option.label.casefold()))
