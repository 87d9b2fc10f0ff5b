"""Two configurations → the steps from one to the other, in words for people; secrets are masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_core.escaping import escape
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.declared.flat import MASK, Names, flat_channel, flat_monitor
from uptop_leader.declared.maintenance_entry import flat_maintenance
from uptop_leader.maintenance import Maintenance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_leader.configuration import Configuration

_Thing = Monitor | Channel | Maintenance
_SHOWN = 120  # characters of a value in a line


class FieldChange(Struct, frozen=True):
    """A field that changes, in words; secrets are masked. None is the default."""

    field: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old == self.new == MASK:
            return f"{self.field}: {MASK} → {MASK} (changed)"
        old, new = (value if value is not None else "(default)" for value in (self.old, self.new))
        return f"{self.field}: {old} → {new}"


class Step(Struct, frozen=True, kw_only=True):
    """One monitor, alert or maintenance that is added (`+`), changed (`~`) or removed (`-`)."""

    sign: str
    what: str
    name: str
    kind: str
    fields: tuple[FieldChange, ...] = ()

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.sign} {self.what} {escape(self.name, _SHOWN)} ({self.kind})"
        yield from (f"    {change}" for change in self.fields)


def steps(old: Configuration, new: Configuration) -> Iterator[Step]:
    """Everything that differs: alerts first, maintenance last, removals last of each."""
    names = Names.of(old), Names.of(new)
    channels = {one.id: one for one in old.channels}, {one.id: one for one in new.channels}
    yield from _steps("alert", channels, names)
    monitors = {one.id: one for one in old.monitors}, {one.id: one for one in new.monitors}
    yield from _steps("monitor", monitors, names)
    planned = {one.id: one for one in old.maintenances}, {one.id: one for one in new.maintenances}
    yield from _steps("maintenance", planned, names)


def _steps(
    what: str,
    both: tuple[Mapping[str, _Thing], Mapping[str, _Thing]],
    names: tuple[Names, Names],
) -> Iterator[Step]:
    before, after = both
    for id, one in after.items():
        if id not in before:
            yield Step(sign="+", what=what, name=one.name, kind=_kind(one))
        elif one != before[id]:
            fields = tuple(_changes(_written(before[id], names[0]), _written(one, names[1])))
            yield Step(sign="~", what=what, name=one.name, kind=_kind(one), fields=fields)
    for id, one in before.items():
        if id not in after:
            yield Step(sign="-", what=what, name=one.name, kind=_kind(one))


def _kind(one: _Thing) -> str:
    if isinstance(one, Maintenance):
        return "once" if one.rrule is None else "recurring"
    return one.kind if isinstance(one, Monitor) else one.provider.kind()


class _Value(Struct, frozen=True):
    """A value of a field, and whether it is a secret."""

    value: object
    hidden: bool

    def __str__(self) -> str:
        if self.hidden:
            return MASK
        parts = self.value if isinstance(self.value, list) else [self.value]
        return escape(", ".join(_word(part) for part in parts), _SHOWN)


def _word(value: Any) -> str:
    """As it would be written."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(one: _Thing, names: Names) -> dict[str, _Value]:
    """The fields of one as people write them, those of mappings by their paths."""
    secrets: set[str] = set()
    if isinstance(one, Maintenance):
        flat = flat_maintenance(one, names)
    elif isinstance(one, Monitor):
        flat, secrets = flat_monitor(one, names), set(one.check.secrets)
    else:
        flat = flat_channel(one, names)
        secrets = {f"settings.{name}" for name in one.provider.secrets}
    found: dict[str, _Value] = {}
    waiting = [(field, value, field in secrets) for field, value in flat.items()]
    while waiting:
        field, value, hidden = waiting.pop(0)
        if isinstance(value, dict):
            waiting[:0] = [
                (f"{field}.{key}", inner, hidden or f"{field}.{key}" in secrets)
                for key, inner in value.items()
            ]
        else:
            found[field] = _Value(value, hidden)
    return found


def _changes(old: Mapping[str, _Value], new: Mapping[str, _Value]) -> Iterator[FieldChange]:
    for field in dict.fromkeys((*new, *old)):
        before, after = old.get(field), new.get(field)
        if before != after:
            yield FieldChange(
                escape(field, _SHOWN),
                None if before is None else str(before),
                None if after is None else str(after),
            )
