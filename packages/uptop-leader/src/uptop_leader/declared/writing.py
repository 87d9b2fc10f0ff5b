"""A configuration → the text that reads back as the same: YAML for people, JSON for backups."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import yaml

from uptop_leader.declared.document import FORMAT, FORMAT_VERSION
from uptop_leader.declared.flat import Names, flat_channel, flat_monitor
from uptop_leader.declared.maintenance_entry import flat_maintenance
from uptop_leader.declared.reading import plain
from uptop_leader.declared.references import escape

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor
    from uptop_leader.configuration import Configuration

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_text(configuration: Configuration, *, redact: bool = False) -> str:
    """The configuration as YAML, in a stable order; with `redact` secrets are masked."""
    document = _document(configuration, redact=redact)
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def write_backup(configuration: Configuration, *, redact: bool = False) -> str:
    """The same document as JSON, which says what it is."""
    document = {"format": FORMAT, "version": FORMAT_VERSION}
    document |= _document(configuration, redact=redact)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _document(configuration: Configuration, *, redact: bool) -> dict[str, Any]:
    names = Names.of(configuration)
    document = {
        "alerts": [
            flat_channel(channel, names, redact=redact) for channel in configuration.channels
        ],
        "maintenance": [flat_maintenance(one, names) for one in configuration.maintenances],
        "monitors": _monitors(configuration, names, redact=redact),
    }
    escaped: dict[str, Any] = _escaped(document)
    return escaped


def _monitors(configuration: Configuration, names: Names, *, redact: bool) -> list[dict[str, Any]]:
    """Top-level monitors, groups holding theirs, in the order they are kept in."""
    members: dict[str | None, list[Monitor]] = defaultdict(list)
    for monitor in configuration.monitors:
        members[monitor.parent if monitor.parent in names.monitors else None].append(monitor)

    def level(parent: str | None) -> list[dict[str, Any]]:
        written = []
        for monitor in members[parent]:
            flat = flat_monitor(monitor, names, redact=redact)
            flat.pop("parent", None)
            if monitor.id in members:
                flat["monitors"] = level(monitor.id)
            written.append(flat)
        return written

    return level(None)


def _escaped(value: Any) -> Any:
    """Texts so that no `${` of theirs is taken for a reference."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value


class _Dumper(_DUMPER):  # type: ignore[misc]  # the C class where it is built, else Python's
    """Quotes what our reader would take for a number or a word; writes short lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the library's signature
        """Never: equal values are written twice."""
        return True


def _text(dumper: Any, value: str) -> Any:
    style = '"' if not isinstance(plain(value), str) or value == "<<" else None
    if "\n" in value:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _list(dumper: Any, value: list[Any]) -> Any:
    short = not any(isinstance(item, (dict, list)) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
