"""A maintenance as it is edited on its own: moments in Unix milliseconds, monitors by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from uptop_core.api_bodies import MaintenanceSettings
from uptop_core.errors import Problem
from uptop_core.strict import build
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.declared.maintenance_entry import FOR_NOTHING, when_problems
from uptop_leader.edits.things import tell_all
from uptop_leader.maintenance import Maintenance
from uptop_leader.times import to_ms_or_none, to_seconds_or_none
from uptop_leader.zones import zone_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.edits.things import Fresh


class Maintenances:
    """Maintenance."""

    name = "maintenance"

    def all_of(self, configuration: Configuration) -> tuple[Maintenance, ...]:
        """In the order of their setting up."""
        return configuration.maintenances

    def build(
        self,
        fields: Mapping[str, Any],
        id: str,
        old: Maintenance | None,  # noqa: ARG002  it keeps no secret
        fresh: Fresh,  # noqa: ARG002
    ) -> Maintenance:
        """See `Thing`."""
        form = build(MaintenanceSettings, fields)
        if (wrong := zone_problem(form.timezone)) is not None:
            tell_all([Problem("timezone", wrong)])
        made = Maintenance(
            id=id,
            name=form.name,
            start=to_seconds_or_none(form.start),
            end=to_seconds_or_none(form.end),
            rrule=form.rrule,
            duration=form.duration,
            timezone=form.timezone,
            monitors=form.monitors,
            groups=form.groups,
            tags=form.tags,
            all=form.all,
        )
        problems = when_problems(made)
        if not (form.monitors or form.groups or form.tags or form.all):
            problems.append(Problem("", FOR_NOTHING))
        tell_all(problems)
        return made

    def written(self, one: Maintenance) -> dict[str, Any]:
        """See `Thing`."""
        form = MaintenanceSettings(
            name=one.name,
            start=to_ms_or_none(one.start),
            end=to_ms_or_none(one.end),
            rrule=one.rrule,
            duration=one.duration,
            timezone=one.timezone,
            monitors=one.monitors,
            groups=one.groups,
            tags=one.tags,
            all=one.all,
        )
        fields: dict[str, Any] = msgspec.to_builtins(form)
        return fields

    def result(
        self, configuration: Configuration, things: tuple[Maintenance, ...]
    ) -> Configuration:
        """See `Thing`."""
        return replace(configuration, maintenances=things)

    def put(self, one: Maintenance) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(put_maintenances=(one,))

    def drop(self, id: str) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(drop_maintenances=(id,))
