"""JSON Schemas of what is sent and answered, made of the models themselves (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from uptop_core.api_bodies import ChannelSettings, MaintenanceSettings
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_leader.declared.shaping import TIMES
from uptop_leader.provider_kinds import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msgspec import Struct

    from uptop_core.check import Check
    from uptop_leader.provider import Provider

Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


def answer_schemas(kinds: Iterable[type]) -> dict[str, Schema]:
    """The schemas of what is answered, by name. What is not listed there may come all the same."""
    return msgspec.json.schema_components(set(kinds), ref_template=REF)[1]


def body_schemas(kinds: Iterable[type[Struct]], ref: str = REF) -> dict[str, Schema]:
    """The schemas of what is sent, by name; unknown fields are refused. A monitor is sent without
    its id, and secrets are marked as passwords.
    """
    wanted = {*kinds, Monitor, ChannelSettings, *PROVIDERS.values()}
    secret: list[type[Check] | type[Provider]] = [*KINDS.values(), *PROVIDERS.values()]
    (_, found) = msgspec.json.schema_components(wanted, ref_template=ref)
    for kind in secret:
        _mark_secrets(found[kind.__name__], kind)
    for schema in found.values():
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
            _mark_times(schema)
    monitor = found["Monitor"]
    del monitor["properties"]["id"]
    monitor["required"].remove("id")
    found["ChannelSettings"]["properties"]["provider"] = _one_of(PROVIDERS, ref)
    return found


def _mark_secrets(schema: Schema, kind: type[Check] | type[Provider]) -> None:
    for name in kind.secrets:
        if schema["properties"][name].get("type") == "string":
            schema["properties"][name]["format"] = "password"


def _mark_times(schema: Schema) -> None:
    """Say of numbers that they are seconds, so that forms let people write 5m for 300."""
    for name in TIMES & set(schema["properties"]):
        schema["properties"][name]["x-unit"] = "s"


def _one_of(kinds: dict[str, type[Provider]], ref: str) -> Schema:
    refs = {name: ref.format(name=kind.__name__) for name, kind in kinds.items()}
    return {
        "anyOf": [{"$ref": one} for one in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }


def whole(name: str, schemas: dict[str, Schema]) -> Schema:
    """One schema that stands on its own, with those that it refers to under `$defs`."""
    needed: dict[str, Schema] = {}
    waiting = list(_referred(schemas[name]))
    while waiting:
        other = waiting.pop()
        if other not in needed:
            needed[other] = schemas[other]
            waiting += _referred(schemas[other])
    return {**schemas[name], **({"$defs": needed} if needed else {})}


def _referred(part: Any) -> Iterable[str]:
    """The names of the schemas that a part of a schema refers to."""
    if isinstance(part, dict):
        if isinstance(one := part.get("$ref"), str):
            yield one.rpartition("/")[2]
        for inner in part.values():
            yield from _referred(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _referred(inner)


FORMS: tuple[type[Struct], ...] = (Monitor, ChannelSettings, MaintenanceSettings)
