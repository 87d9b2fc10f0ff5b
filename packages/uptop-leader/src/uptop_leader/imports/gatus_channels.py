"""The providers under `alerting:` of Gatus → channels, one for each and one for each override."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_leader.declared.document import Entry

if TYPE_CHECKING:
    from uptop_leader.imports.fields import Fields
    from uptop_leader.imports.gathering import Gathering

_OWN = ("default-alert", "overrides", "group")


class Told(Struct, frozen=True):
    """A provider there: the channel it became (None where it became none), those of single groups,
    and what its alerts are like unless they say otherwise.
    """

    channel: str | None
    of_groups: dict[str, str]
    default: Fields

    def of(self, group: str) -> str | None:
        """The channel that tells of the members of a group."""
        return self.of_groups.get(group, self.channel)


def gather(top: Fields, gathering: Gathering) -> dict[str, Told]:
    """Gather the channels; gives what became of each provider."""
    alerting = top.inner("alerting")
    return {kind: _provider(kind, alerting.inner(kind), gathering) for kind in alerting.named()}


def _provider(kind: str, row: Fields, gathering: Gathering) -> Told:
    default = row.inner("default-alert")
    if kind not in CHANNELS:
        gathering.left_out(f"alert {kind}", "uptop has no provider of that kind")
        return Told(None, {}, default)
    provider, names = CHANNELS[kind]

    def add(at: Fields, name: str, settings: dict[str, Any]) -> str:
        free = gathering.free_name("channels", name)
        values = {"name": free, "type": provider, "settings": settings}
        gathering.channels.append(Entry(path=at.path, values=values))
        return free

    settings = _settings(row, kind, names)
    lacking = [one for one in row.named() if one not in (*names, *_OWN)]
    for name in lacking:
        gathering.without(name, f"alert {kind}")
    channel = add(row, kind, settings) if any(row.has(name) for name in names) else None
    of_groups = {}
    for override in row.rows("overrides"):
        group = override.text("group")
        own = {**settings, **_settings(override, kind, names, is_whole=False)}
        of_groups[group] = add(override, f"{kind} {group}", own)
    return Told(channel, of_groups, default)


def _settings(
    row: Fields, kind: str, names: dict[str, str], *, is_whole: bool = True
) -> dict[str, Any]:
    """The settings by our names; those of an override alone are not whole."""
    values = {ours: _value(row, theirs) for theirs, ours in names.items() if row.has(theirs)}
    if is_whole:
        values = {**_USUAL.get(kind, {}), **values}
    return values


def _value(row: Fields, name: str) -> Any:
    if name in ("port", "priority") and row.raw(name) is not None:
        return row.text(name) if str(row.raw(name)).startswith("P") else row.whole(name)
    if name == "headers":
        headers = row.inner(name)
        return {key: headers.text(key) for key in headers.named()}
    if name == "method":
        return row.text(name).upper()
    return row.text(name)


_USUAL: dict[str, dict[str, Any]] = {"ntfy": {"priority": 3}, "gotify": {"priority": 5}}
CHANNELS: dict[str, tuple[str, dict[str, str]]] = {
    "custom": ("webhook", {"url": "url", "method": "method", "headers": "headers"}),
    "discord": ("discord", {"webhook-url": "url"}),
    "email": (
        "email",
        {
            "host": "host", "port": "port", "username": "user", "password": "pass",
            "from": "from", "to": "to",
        },
    ),
    "gotify": ("gotify", {"server-url": "url", "token": "token", "priority": "priority"}),
    "mattermost": ("slack", {"webhook-url": "url"}),
    "ntfy": (
        "ntfy",
        {"url": "url", "topic": "topic", "priority": "priority", "token": "password"},
    ),
    "opsgenie": ("opsgenie", {"api-key": "api_key", "priority": "priority"}),
    "pagerduty": ("pagerduty", {"integration-key": "routing_key"}),
    "pushover": ("pushover", {"application-token": "token", "user-key": "user"}),
    "slack": ("slack", {"webhook-url": "url"}),
    "telegram": ("telegram", {"token": "token", "id": "chat_id", "api-url": "api_url"}),
}  # fmt: skip
