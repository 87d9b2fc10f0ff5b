"""A monitor or a channel as people write it: one flat mapping, only what differs from the defaults.

Names stand for ids, secrets may be masked. What is written, what is compared and what is printed as
a change are all made of this.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import NODEFAULT, Struct

from uptop_core.forms import duration, write_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.check import Condition
    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Configuration

MASK = "***"
"""What stands for a secret that is not shown; read back it means: keep the one there is."""

_FIRST = ("interval", "timeout", "max_retries", "retry_interval", "regions", "aggregation")


class Names(Struct, frozen=True):
    """The names of monitors and of channels by id."""

    monitors: Mapping[str, str]
    channels: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Configuration) -> Names:
        """The names of a whole configuration."""
        return cls(
            {monitor.id: monitor.name for monitor in configuration.monitors},
            {channel.id: channel.name for channel in configuration.channels},
        )


def flat_monitor(monitor: Monitor, names: Names, *, redact: bool = False) -> dict[str, Any]:
    """The mapping of a monitor; `parent` is the name of its group."""
    own = _differing(monitor)
    check = _differing(monitor.check)
    conditions = check.pop("conditions", None)
    if redact:
        check = masked(check, monitor.check.secrets)
    flat = {"name": monitor.name, "id": monitor.id, "type": monitor.kind, **check}
    flat |= {name: own[name] for name in _FIRST if name in own}
    if conditions:
        flat["conditions"] = [_flat_condition(one) for one in monitor.check.conditions]
    flat |= {name: value for name, value in own.items() if name not in _SPECIAL}
    flat["alerts"] = _known(monitor.channels, names.channels)
    flat["depends_on"] = _known(monitor.depends_on, names.monitors)
    if monitor.parent is not None:
        flat["parent"] = names.monitors.get(monitor.parent)
    if monitor.remind_every is not None:
        flat["remind_every"] = _flat_duration(monitor.remind_every)
    return {name: value for name, value in flat.items() if value not in (None, [], {})}


_SPECIAL = {"id", "name", "check", "channels", "depends_on", "parent", "remind_every", *_FIRST}


def flat_channel(channel: Channel, names: Names, *, redact: bool = False) -> dict[str, Any]:
    """The mapping of a channel, its provider's settings under `settings`."""
    settings = _differing(channel.provider)
    if redact:
        settings = masked(settings, channel.provider.secrets)
    flat = {
        "name": channel.name,
        "id": channel.id,
        "type": channel.provider.kind(),
        "settings": settings or None,
        "fallback": names.channels.get(channel.fallback or ""),
        "title": channel.title,
        "body": channel.body,
    }
    return {name: value for name, value in flat.items() if value is not None}


def masked(values: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """`values` with the mask for every secret; in a mapping its keys stay readable."""
    hidden = set(secrets)
    return {
        name: _mask(value) if name in hidden and value else value for name, value in values.items()
    }


def _mask(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK


def _differing(struct: Struct) -> dict[str, Any]:
    """The fields that differ from their defaults, as plain values, by the names people write."""
    found = {}
    for name, written, default in _defaults(type(struct)):
        value = getattr(struct, name)
        if value != default:
            found[written] = _plain(value)
    return found


@lru_cache(maxsize=256)
def _defaults(kind: type[Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Each field of a struct, what people call it, and its default; NODEFAULT equals no value."""
    return tuple(
        (
            field.name,
            field.encode_name,
            field.default_factory() if field.default_factory is not NODEFAULT else field.default,
        )
        for field in msgspec.structs.fields(kind)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return _differing(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _flat_condition(condition: Condition) -> str | dict[str, str]:
    return {"soft": condition.text} if condition.soft else condition.text


def _flat_duration(seconds: float) -> Any:
    """In words such as 30m where they say the same, else the number of seconds."""
    words = write_duration(seconds)
    return words if duration().read(words) == seconds and seconds >= 60 else _plain(seconds)


def _known(ids: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [names[one] for one in ids if one in names]
