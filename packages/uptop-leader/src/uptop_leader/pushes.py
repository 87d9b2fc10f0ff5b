"""Step 9 for push monitors: whether the heartbeat came in time, judged when it is due. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.checks.push import PushCheck
from uptop_leader.crons import due as due_by_cron
from uptop_leader.judge import Judged, shift
from uptop_leader.states import Belief, MonitorState, PushState, Status

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor


class Deadlines(Struct, frozen=True):
    """Until when the next heartbeat has to come: then it is LATE, then DOWN (Unix seconds), and
    `patience_s` is the interval and the grace together."""

    late: float
    down: float
    patience_s: float


def deadlines(monitor: Monitor, heard: float) -> Deadlines:
    """The deadlines after a heartbeat, or after the moment since when one is waited for."""
    if not isinstance(monitor.check, PushCheck):
        raise TypeError(f"{monitor.name} is not a push monitor")
    check, interval, late = monitor.check, monitor.interval, heard + monitor.interval
    if check.cron:
        late, before = due_by_cron(check.cron, check.timezone or "UTC", heard)
        interval = late - before
    grace = check.effective_grace(interval)
    return Deadlines(late, late + grace, interval + grace)


def hear(state: MonitorState, signal: str, detail: str, now: float) -> MonitorState:
    """The state after a signal of the job: `start`, `success`, `fail`, or an exit code."""
    push = state.push or PushState(awaited=state.status_since)
    if signal == "start":
        return replace(state, push=replace(push, started=now))
    is_code = signal.isdecimal()
    failed = signal == "fail" or (is_code and signal.strip("0") != "")
    words = detail or (f"exit code {signal}" if is_code and failed else "")
    run_time = now - push.started if push.started is not None else None
    heard = PushState(heard=now, failed=failed, detail=words, run_time_s=run_time)
    return replace(state, push=heard)


def judge_push(monitor: Monitor, state: MonitorState, judging_since: float, now: float) -> Judged:
    """Judge by the newest heartbeat. `judging_since` is when this leader began to watch: one that
    was away since the last heartbeat shows UNKNOWN at the deadline, and waits once more.
    """
    push = state.push
    if push is None:
        push = PushState(awaited=state.status_since if state.status is Status.PENDING else now)
        state = replace(state, push=push)
    base = next(at for at in (push.heard, push.awaited, now) if at is not None)
    until = deadlines(monitor, base)
    second_chance = None
    # Who was believed DOWN before and is still silent stays so: being away heals nothing.
    if judging_since > base and state.belief is not Belief.DOWN:
        second_chance = max(until.down, judging_since) + until.patience_s
    status, at, due = _place(push, until.late, until.down, second_chance, now)
    if push.heard is None and status in (Status.UP, Status.LATE):
        status, due = Status.PENDING, until.down
    belief = _belief(state.belief, status)
    at = at if push.heard is None or status is not Status.UP else push.heard
    after = state if belief is state.belief else replace(state, belief=belief, since=at)
    words = push.detail if push.failed else _silence(push, status, now)
    after, transition = shift(state, after, status, at, now, cause="push", detail=words)
    return Judged(after, transition, due)


def _place(
    push: PushState, late: float, down: float, second_chance: float | None, now: float
) -> tuple[Status, float, float | None]:
    """The status now, since when, and when it changes by itself."""
    if push.failed and push.heard is not None:
        return Status.DOWN, push.heard, None
    if now < late:
        return Status.UP, now, late
    if now < down:
        return Status.LATE, late, down
    if second_chance is not None and now < second_chance:
        return Status.UNKNOWN, down, second_chance
    return Status.DOWN, down if second_chance is None else second_chance, None


def _belief(belief: Belief, status: Status) -> Belief:
    if status is Status.DOWN:
        return Belief.DOWN
    return Belief.UP if status in (Status.UP, Status.LATE) else belief


def _silence(push: PushState, status: Status, now: float) -> str:
    if status is Status.UP or status is Status.PENDING:
        return ""
    if push.heard is None:
        return "no heartbeat yet"
    return f"no heartbeat for {now - push.heard:.0f} s"
