"""What can be edited one by one, and what each edit makes of the configuration. Pure.

In: the configuration as it is, and the fields that somebody sent. Out: the thing as it will be, and
the change to write. The rules are those of documents (`declared`): they hold for both.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from msgspec import Struct

from uptop_core.errors import ConfigError, Problem
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.declared.rules import whole_problems
from uptop_leader.declared.written import PROBLEMS_LIMIT
from uptop_leader.maintenance import Maintenance
from uptop_leader.refusals import Conflict, NotThere

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_leader.configuration import ConfigChange, Configuration
    from uptop_leader.declared.rules import Fault

T = TypeVar("T", bound=Monitor | Channel | Maintenance)
_REFERS = {
    "alerts": "the monitor '{}' tells it",
    "depends_on": "the monitor '{}' depends on it",
    "parent": "the monitor '{}' is a member of it",
    "fallback": "the channel '{}' falls back on it",
    "monitors": "the maintenance '{}' names it",
    "groups": "the maintenance '{}' names it",
}
"""How others refer to what is to go, by the field of theirs that would lead nowhere."""
_MOST_TOLD = 10
_FIELDS = {"alerts": "channels", "token": "check.token"}  # by the names that this API has


class Fresh(Struct, frozen=True):
    """What is made for new things."""

    id: Callable[[], str] = lambda: str(uuid4())
    token: Callable[[], str] = lambda: secrets.token_urlsafe(24)


class Thing(Protocol[T]):
    """A sort of what people set up."""

    name: str

    def all_of(self, configuration: Configuration) -> tuple[T, ...]:
        """Those that there are, in their order."""

    def build(self, fields: Mapping[str, Any], id: str, old: T | None, fresh: Fresh) -> T:
        """The one that `fields` describe. Raises ConfigError with all that is wrong."""

    def written(self, one: T) -> dict[str, Any]:
        """Its fields as they may be shown, and sent again: secrets are masked."""

    def result(self, configuration: Configuration, things: tuple[T, ...]) -> Configuration:
        """The configuration with these in place of all of this sort."""

    def put(self, one: T) -> ConfigChange:
        """The change that adds or replaces it."""

    def drop(self, id: str) -> ConfigChange:
        """The change that removes it."""


def found(thing: Thing[T], configuration: Configuration, id: str) -> T:
    """The one with that id. Raises NotThere."""
    for one in thing.all_of(configuration):
        if one.id == id:
            return one
    raise NotThere(f"no {thing.name} has this id")


def add(
    thing: Thing[T], configuration: Configuration, fields: Mapping[str, Any], fresh: Fresh
) -> T:
    """A new one. Raises ConfigError."""
    made = thing.build(fields, fresh.id(), None, fresh)
    _check(thing, configuration, (*thing.all_of(configuration), made))
    return made


def change(
    thing: Thing[T], configuration: Configuration, old: T, fields: Mapping[str, Any], fresh: Fresh
) -> T:
    """`old` as `fields` say it is to be, whole. Raises ConfigError."""
    made = thing.build(fields, old.id, old, fresh)
    others = (made if one.id == old.id else one for one in thing.all_of(configuration))
    _check(thing, configuration, tuple(others))
    return made


def remove(thing: Thing[T], configuration: Configuration, old: T) -> None:
    """See whether it may go. Raises Conflict while others refer to it."""
    rest = tuple(one for one in thing.all_of(configuration) if one.id != old.id)
    faults = list(whole_problems(thing.result(configuration, rest)))
    if faults:
        names = _names(configuration)
        told = list(dict.fromkeys(_how_it_refers(fault, names) for fault in faults))
        more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        raise Conflict(
            f"the {thing.name} '{old.name}' cannot be removed yet: {', '.join(told[:_MOST_TOLD])}"
            f"{more}; first take it out there, or remove what refers to it"
        )


def _how_it_refers(fault: Fault, names: Mapping[str, str]) -> str:
    how = _REFERS.get(fault.field)
    return how.format(names.get(fault.ids[0], "?")) if how is not None else fault.message


def _names(configuration: Configuration) -> dict[str, str]:
    """What everything is called, by id."""
    every: tuple[Monitor | Channel | Maintenance, ...] = (
        *configuration.monitors,
        *configuration.channels,
        *configuration.maintenances,
    )
    return {one.id: one.name for one in every}


def _check(thing: Thing[T], configuration: Configuration, things: tuple[Any, ...]) -> None:
    faults = list(islice(whole_problems(thing.result(configuration, things)), PROBLEMS_LIMIT))
    if faults:
        raise ConfigError(
            [Problem(_FIELDS.get(fault.field, fault.field), fault.message) for fault in faults]
        )


def merged(settings: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with a merge patch (RFC 7396): null takes a field away, mappings are merged.

    Where a patch gives a mapping another `type`, that mapping is new: the settings of one kind say
    nothing to another.
    """
    result = dict(settings)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            old = before if isinstance(before, dict) else {}
            is_other = "type" in value and value["type"] != old.get("type")
            result[name] = merged({} if is_other else old, value)
        else:
            result[name] = value
    return result


def tell_all(problems: Iterable[Problem]) -> None:
    """Raise ConfigError, if there are any."""
    if listed := list(problems):
        raise ConfigError(listed)
