"""What may be changed at a follower while it acts: pauses and maintenance. Pure.

What else it copies is changed at the leader. These cannot wait until that one is back, and are
given back to it with what was decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.refusals import NotAllowed

if TYPE_CHECKING:
    from uptop_leader.configuration import ConfigChange, Configuration, Edit


def only_urgent(edit: Edit) -> Edit:
    """`edit`, which raises NotAllowed when it makes of a configuration what can wait."""

    def checked(configuration: Configuration) -> ConfigChange:
        change = edit(configuration)
        if not is_urgent(configuration, change):
            raise NotAllowed(
                "while it acts, a follower takes acknowledgements, pauses and maintenance:"
                " what else it copies is changed at the leader"
            )
        return change

    return checked


def is_urgent(configuration: Configuration, change: ConfigChange) -> bool:
    """Whether `change` only pauses, resumes, or plans maintenance."""
    if change.drop_monitors or change.put_channels or change.drop_channels:
        return False
    known = {monitor.id: monitor for monitor in configuration.monitors}
    return all(
        monitor.id in known and replace(known[monitor.id], paused=monitor.paused) == monitor
        for monitor in change.put_monitors
    )
