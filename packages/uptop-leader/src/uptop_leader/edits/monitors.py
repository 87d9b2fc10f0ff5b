"""A monitor as it is edited on its own: its fields as `Monitor` has them, the check under `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from uptop_core.errors import Problem
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_core.strict import build
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.declared.flat import masked
from uptop_leader.declared.monitor_entry import astray, with_secrets
from uptop_leader.declared.rules import monitor_problems
from uptop_leader.declared.shaping import ELSEWHERE
from uptop_leader.edits.things import tell_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_core.check import Check
    from uptop_leader.edits.things import Fresh


class Monitors:
    """Monitors."""

    name = "monitor"

    def all_of(self, configuration: Configuration) -> tuple[Monitor, ...]:
        """In the order of their setting up."""
        return configuration.monitors

    def build(
        self, fields: Mapping[str, Any], id: str, old: Monitor | None, fresh: Fresh
    ) -> Monitor:
        """See `Thing`."""
        if "id" in fields:
            tell_all([Problem("id", "is not set here: it stays, and a new monitor gets one")])
        known = old.check if old is not None else None
        sent = fields.get("check")
        check = sent if isinstance(sent, dict) else {}
        monitor = build(Monitor, {**_completed(fields, check, known, fresh), "id": id})
        monitor = replace(monitor, regions=tuple(one.lower() for one in monitor.regions))
        tell_all(_problems(monitor, check, known))
        return monitor

    def written(self, one: Monitor) -> dict[str, Any]:
        """See `Thing`."""
        fields: dict[str, Any] = msgspec.to_builtins(one)
        del fields["id"]
        return {**fields, "check": masked(fields["check"], one.check.secrets)}

    def result(self, configuration: Configuration, things: tuple[Monitor, ...]) -> Configuration:
        """See `Thing`."""
        return replace(configuration, monitors=things)

    def put(self, one: Monitor) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(put_monitors=(one,))

    def drop(self, id: str) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(drop_monitors=(id,))


def _completed(
    fields: Mapping[str, Any], check: Mapping[str, Any], known: Check | None, fresh: Fresh
) -> dict[str, Any]:
    """What was sent, with the secrets that it keeps. Raises ConfigError."""
    problems: list[Problem] = []
    kind = KINDS.get(str(check.get("type")))
    if check.get("cron") and "interval" in fields:
        problems.append(Problem("interval", "with cron is the time between its moments"))
    if kind is None:
        return dict(fields)

    def tell(field: str, message: str) -> None:
        problems.append(Problem(f"check.{field}", message))

    kept = with_secrets(check, kind, known, fresh.token, tell)
    tell_all(problems)
    return {**fields, "check": kept}


def _problems(monitor: Monitor, sent: Mapping[str, Any], known: Check | None) -> Iterator[Problem]:
    """What is wrong with it beyond the types."""
    strayed = astray(sent, known, monitor.check) if known is not None else ()
    yield from (Problem(f"check.{field}", ELSEWHERE) for field in strayed)
    own = monitor.__struct_fields__
    for wrong in monitor_problems(monitor):
        place = wrong.field if wrong.field in own else f"check.{wrong.field}"
        yield Problem(place, wrong.message)
