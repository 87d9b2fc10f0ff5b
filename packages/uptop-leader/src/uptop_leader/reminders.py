"""Part of step 10: what is still down is told again, every `remind_every`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.dependencies import second_look_s
from uptop_leader.states import Status

if TYPE_CHECKING:
    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_leader.incidents import Incident
    from uptop_leader.states import MonitorState


def remind_at(
    monitor: Monitor,
    state: MonitorState,
    incident: Incident | None,
    judging_since: float,
    constants: TimeConstants,
) -> float | None:
    """When people are to be reminded of the open incident; None where they are not.

    Only of one they were told of and nobody has acknowledged, and only while it shows DOWN. A leader that was away when it
    was due (`judging_since` is when it came back) looks at the target first: it may be up again.
    """
    last = state.telling.said
    if monitor.remind_every is None or incident is None or incident.untold or last is None:
        return None
    if state.status is not Status.DOWN or incident.acknowledged is not None:
        return None
    due = last + monitor.remind_every
    if due < judging_since:
        due = judging_since + second_look_s(monitor, constants)
    return due
