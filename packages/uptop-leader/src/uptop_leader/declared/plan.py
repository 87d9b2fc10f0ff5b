"""Last step of a document: beside what exists → what changes, in words and as values to write."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct

from uptop_core.errors import ConfigError, Problem
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.declared.channel_entry import build_channel
from uptop_leader.declared.differences import Step, steps
from uptop_leader.declared.maintenance_entry import build_maintenance
from uptop_leader.declared.matching import Match, T, match, match_problems
from uptop_leader.declared.monitor_entry import Ids, build_monitor
from uptop_leader.declared.rules import Fault, whole_problems
from uptop_leader.declared.written import PROBLEMS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.declared.document import Document, Entry
    from uptop_leader.maintenance import Maintenance


class Fresh(Struct, frozen=True):
    """What is made for new things."""

    new_id: Callable[[], str] = lambda: str(uuid4())
    new_token: Callable[[], str] = lambda: secrets.token_urlsafe(24)


class Plan(Struct, frozen=True, kw_only=True):
    """What a document changes: for people, and to be written. `notes` tell what it leaves out."""

    steps: tuple[Step, ...]
    change: ConfigChange
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The steps, how many there are of each sort, and the notes."""
        counts = {sign: sum(step.sign == sign for step in self.steps) for sign in "+~-"}
        if not self.steps:
            return ["nothing to change", *self.notes]
        words = f"{counts['+']} to add, {counts['~']} to change, {counts['-']} to remove"
        return [*(line for step in self.steps for line in step.lines()), words, *self.notes]

    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return self.change.is_empty()


def plan(
    configuration: Configuration,
    document: Document,
    *,
    prune: bool = False,
    fresh: Fresh | None = None,
) -> Plan:
    """What must change so that `configuration` is as `document` says.

    What the document does not name is left alone, or with `prune` removed where the document has
    the section for it. Raises ConfigError with every problem of the document.
    """
    fresh = fresh or Fresh()
    channels = match(document.channels or (), configuration.channels, fresh.new_id)
    monitors = match(document.monitors or (), configuration.monitors, fresh.new_id)
    maintenances = match(document.maintenances or (), configuration.maintenances, fresh.new_id)
    kept = Configuration(
        channels=_kept(configuration.channels, channels, prune and document.channels is not None),
        monitors=_kept(configuration.monitors, monitors, prune and document.monitors is not None),
        maintenances=_kept(
            configuration.maintenances, maintenances, prune and document.maintenances is not None
        ),
    )
    desired, problems = _desired(document, kept, channels, monitors, maintenances, fresh)
    result = Configuration(
        channels=(*kept.channels, *desired.channels),
        monitors=(*kept.monitors, *desired.monitors),
        maintenances=(*kept.maintenances, *desired.maintenances),
    )
    places = {one.id: one.entry for one in channels} | {one.id: one.entry for one in monitors}
    places |= {one.id: one.entry for one in maintenances}
    faults = whole_problems(result, elsewhere=places.keys())
    told = {problem.field for problem in problems}
    problems += islice(_placed(document, faults, places, told), PROBLEMS_LIMIT)
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        raise ConfigError(_shortened(problems), document.source)
    return Plan(steps=tuple(steps(configuration, result)), change=_change(configuration, result))


def _desired(
    document: Document,
    kept: Configuration,
    channels: Sequence[Match[Channel]],
    monitors: Sequence[Match[Monitor]],
    maintenances: Sequence[Match[Maintenance]],
    fresh: Fresh,
) -> tuple[Configuration, list[Problem]]:
    """What the entries mean, without those that have problems, and all problems."""
    ids = Ids(
        monitors=_ids(kept.monitors, monitors),
        channels=_ids(kept.channels, channels),
        entries={one.entry.path: one.id for one in monitors},
    )
    built_channels = [build_channel(document, one, ids.channels) for one in channels]
    built_monitors = [build_monitor(document, one, ids, fresh.new_token) for one in monitors]
    built_maintenances = [build_maintenance(document, one, ids.monitors) for one in maintenances]
    problems = [
        *document.problems,
        *match_problems(document, channels),
        *match_problems(document, monitors),
        *match_problems(document, maintenances),
        *(problem for _, found in built_channels for problem in found),
        *(problem for _, found in built_monitors for problem in found),
        *(problem for _, found in built_maintenances for problem in found),
    ]
    desired = Configuration(
        channels=tuple(one for one, _ in built_channels if one is not None),
        monitors=tuple(one for one, _ in built_monitors if one is not None),
        maintenances=tuple(one for one, _ in built_maintenances if one is not None),
    )
    return desired, problems


def _shortened(problems: Sequence[Problem]) -> Sequence[Problem]:
    left = len(problems) - PROBLEMS_LIMIT
    if left <= 0:
        return problems
    return [*problems[:PROBLEMS_LIMIT], Problem("", f"and {left} more problems")]


def _kept(existing: Sequence[T], matches: Sequence[Match[T]], prune: bool) -> tuple[T, ...]:
    """What exists and is not in the document, unless it goes."""
    named = {one.id for one in matches}
    return () if prune else tuple(one for one in existing if one.id not in named)


def _ids(kept: Sequence[T], matches: Sequence[Match[T]]) -> dict[str, str]:
    ids = {one.name: one.id for one in kept}
    return ids | {one.entry.name: one.id for one in matches if one.entry.name is not None}


def _placed(
    document: Document, faults: Iterator[Fault], places: Mapping[str, Entry], told: set[str]
) -> Iterator[Problem]:
    """Faults of the whole at their places in the document."""
    for fault in faults:
        entry = next((places[one] for one in fault.ids if one in places), None)
        path = entry.path if entry is not None else ""
        if entry is not None and entry is places.get(fault.ids[0]):
            path = f"{path}.{fault.field}"
        if not path or path not in told:
            yield document.problem(path, fault.message)


def _change(old: Configuration, new: Configuration) -> ConfigChange:
    monitors = {one.id: one for one in old.monitors}
    channels = {one.id: one for one in old.channels}
    kept_monitors = {one.id for one in new.monitors}
    kept_channels = {one.id for one in new.channels}
    maintenances = {one.id: one for one in old.maintenances}
    kept_maintenances = {one.id for one in new.maintenances}
    return ConfigChange(
        put_monitors=tuple(one for one in new.monitors if one != monitors.get(one.id)),
        drop_monitors=tuple(id for id in monitors if id not in kept_monitors),
        put_channels=tuple(one for one in new.channels if one != channels.get(one.id)),
        drop_channels=tuple(id for id in channels if id not in kept_channels),
        put_maintenances=tuple(one for one in new.maintenances if one != maintenances.get(one.id)),
        drop_maintenances=tuple(id for id in maintenances if id not in kept_maintenances),
    )
