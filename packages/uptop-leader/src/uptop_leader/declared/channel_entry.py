"""Fourth step of a document, for channels: an entry, beside what exists → the channel it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from uptop_core.errors import ConfigError, Problem
from uptop_core.strict import build
from uptop_leader.channels import Channel
from uptop_leader.declared.faults import Faults, unknown
from uptop_leader.declared.references import settle
from uptop_leader.declared.rules import channel_problems
from uptop_leader.declared.shaping import ELSEWHERE, masks, shape_number, unmask
from uptop_leader.provider_kinds import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.declared.document import Document
    from uptop_leader.declared.matching import Match
    from uptop_leader.provider import Provider


_DESTINATIONS = ("url", "api_url", "host", "port")
"""Settings that say where the secrets are sent: who may edit but not read them must not have them
sent elsewhere."""


class ChannelForm(Struct, frozen=True, kw_only=True):
    """A channel as people write it."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    type: str
    id: str | None = None
    settings: dict[str, Any] = {}
    fallback: str | None = None
    title: str | None = None
    body: str | None = None


def build_channel(
    document: Document, match: Match[Channel], ids: Mapping[str, str]
) -> tuple[Channel | None, list[Problem]]:
    """The channel that an entry means, or None and what is wrong with it.

    `ids` are those of all channels by name, as they will be.
    """
    faults = Faults(document, match.entry)
    values = match.entry.values
    for field in values:
        if field not in ChannelForm.__struct_fields__ and not faults.is_full:
            faults.tell(field, _unknown_of_channel(field, values.get("type")))
    provider = _build_provider(match, faults)
    form = None
    try:
        known = {
            key: settle(item)
            for key, item in values.items()
            if key in ChannelForm.__struct_fields__
        }
        form = build(ChannelForm, known, match.entry.path)
    except ConfigError as error:
        faults.tell_all(error)
    fallback = faults.reference(values.get("fallback"), "fallback", "alert", ids)
    if form is None or provider is None:
        return None, faults.problems
    channel = Channel(
        id=match.id,
        name=form.name,
        provider=provider,
        fallback=fallback,
        title=form.title,
        body=form.body,
    )
    for problem in channel_problems(channel):
        faults.tell(problem.field, problem.message)
    return (None if faults.problems else channel), faults.problems


def _build_provider(match: Match[Channel], faults: Faults) -> Provider | None:
    values = match.entry.values
    name, settings = values.get("type"), values.get("settings", {})
    kind = PROVIDERS.get(name) if isinstance(name, str) else None
    if "type" not in values:
        faults.tell("type", f"is required: one of {', '.join(sorted(PROVIDERS))}")
    elif kind is None:
        faults.tell("type", unknown("provider", str(name), PROVIDERS))
    if kind is None or not isinstance(settings, dict):
        return None
    old = match.existing.provider if match.existing is not None else None
    known = msgspec.to_builtins(old) if isinstance(old, kind) else {}
    settings = {key: shape_number(key, value, kind) for key, value in settings.items()}
    settings = unmask(settings, known, kind.secrets, lambda f, m: faults.tell(f"settings.{f}", m))
    try:
        provider = build(kind, settings, f"{match.entry.path}.settings")
    except ConfigError as error:
        faults.tell_all(error)
        return None
    for field in astray(values.get("settings", {}), old, provider):
        faults.tell(f"settings.{field}", ELSEWHERE)
    return provider


def astray(values: Mapping[str, Any], old: Provider | None, new: Provider) -> list[str]:
    """The masked secrets that would be sent elsewhere than they were."""
    is_same = all(getattr(old, name, None) == getattr(new, name, None) for name in _DESTINATIONS)
    return [] if is_same else masks(values, new.secrets)


def _unknown_of_channel(field: str, name: object) -> str:
    kind = PROVIDERS.get(name) if isinstance(name, str) else None
    if kind is not None and field in kind.__struct_encode_fields__:
        return f"unknown field; a setting of {name} stands under settings:"
    return unknown("field", field, ChannelForm.__struct_fields__)
