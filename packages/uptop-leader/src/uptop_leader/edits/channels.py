"""A channel as it is edited on its own: the provider and its settings under `provider`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from uptop_core.api_bodies import ChannelSettings
from uptop_core.errors import ConfigError, Problem
from uptop_core.strict import build
from uptop_leader.channels import Channel
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.declared.channel_entry import astray
from uptop_leader.declared.faults import unknown
from uptop_leader.declared.flat import masked
from uptop_leader.declared.rules import channel_problems
from uptop_leader.declared.shaping import ELSEWHERE, unmask
from uptop_leader.edits.things import tell_all
from uptop_leader.provider_kinds import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.edits.things import Fresh
    from uptop_leader.provider import Provider


class Channels:
    """Channels."""

    name = "channel"

    def all_of(self, configuration: Configuration) -> tuple[Channel, ...]:
        """In the order of their setting up."""
        return configuration.channels

    def build(
        self,
        fields: Mapping[str, Any],
        id: str,
        old: Channel | None,
        fresh: Fresh,  # noqa: ARG002  no secret is made
    ) -> Channel:
        """See `Thing`."""
        form = build(ChannelSettings, fields)
        provider = _provider(form.provider, old.provider if old is not None else None)
        channel = Channel(
            id=id,
            name=form.name,
            provider=provider,
            fallback=form.fallback,
            title=form.title,
            body=form.body,
        )
        tell_all(channel_problems(channel))
        return channel

    def written(self, one: Channel) -> dict[str, Any]:
        """See `Thing`."""
        form = ChannelSettings(
            name=one.name,
            provider=masked(msgspec.to_builtins(one.provider), one.provider.secrets),
            fallback=one.fallback,
            title=one.title,
            body=one.body,
        )
        fields: dict[str, Any] = msgspec.to_builtins(form)
        return fields

    def result(self, configuration: Configuration, things: tuple[Channel, ...]) -> Configuration:
        """See `Thing`."""
        return replace(configuration, channels=things)

    def put(self, one: Channel) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(put_channels=(one,))

    def drop(self, id: str) -> ConfigChange:
        """See `Thing`."""
        return ConfigChange(drop_channels=(id,))


def _provider(fields: Mapping[str, Any], old: Provider | None) -> Provider:
    """The provider that `fields` describe, with the masked secrets of the `old` one."""
    name = fields.get("type")
    kind = PROVIDERS.get(name) if isinstance(name, str) else None
    if "type" not in fields:
        raise ConfigError([Problem("provider.type", f"is required: {_known()}")])
    if kind is None:
        raise ConfigError([Problem("provider.type", unknown("provider", str(name), PROVIDERS))])
    problems: list[Problem] = []

    def tell(field: str, message: str) -> None:
        problems.append(Problem(f"provider.{field}", message))

    known = msgspec.to_builtins(old) if isinstance(old, kind) else {}
    settings = unmask(fields, known, kind.secrets, tell)
    tell_all(problems)
    provider = build(kind, settings, "provider")
    for field in astray(fields, old, provider):
        tell(field, ELSEWHERE)
    tell_all(problems)
    return provider


def _known() -> str:
    return f"one of {', '.join(sorted(PROVIDERS))}"
