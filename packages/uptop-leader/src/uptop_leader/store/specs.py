"""What is set up as it is stored: JSON with the secrets sealed one by one.

A sealed field holds the JSON of its value, so that text and tables of headers are treated alike.
Without a key secrets stand there as they are.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from uptop_core.errors import SealError, StoreError
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.maintenance import Maintenance
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.seal import is_sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uptop_leader.seal import Keyring

T = TypeVar("T")

_json = msgspec.json.Encoder().encode


class Kept(Enum):
    """How a secret stands in the database."""

    CLEAR = "in clear"
    OLDER = "under another key than the first"
    CURRENT = "under the first key"


def monitor_spec(monitor: Monitor, keyring: Keyring) -> str:
    """The text of a monitor's `spec`."""
    fields = msgspec.to_builtins(monitor)
    fields["check"] = _seal(
        fields["check"], monitor.check.secrets, f"monitor/{monitor.id}", keyring
    )
    return _json(fields).decode()


def monitor_of(row: Any, keyring: Keyring) -> Monitor:
    """The monitor of a row. Raises SealError, or StoreError when its kind is not known here."""
    fields = msgspec.json.decode(row.spec)
    kind = KINDS.get(row.kind)
    what = f"the monitor {row.name!r}"
    if kind is None:
        raise StoreError(f"{what} is of the kind {row.kind!r}, which is not installed here")
    fields["check"] = _open(fields["check"], kind.secrets, f"monitor/{row.id}", keyring, what)
    return _convert(fields, Monitor, what)


def channel_settings(channel: Channel, keyring: Keyring) -> tuple[str, str]:
    """The texts of a channel's `type` and `settings`."""
    fields = msgspec.to_builtins(channel.provider)
    kind = fields.pop("type")
    sealed = _seal(fields, channel.provider.secrets, f"channel/{channel.id}", keyring)
    return kind, _json(sealed).decode()


def channel_of(row: Any, keyring: Keyring) -> Channel:
    """The channel of a row. Raises SealError, or StoreError when its provider is not known here."""
    provider = PROVIDERS.get(row.type)
    what = f"the channel {row.name!r}"
    if provider is None:
        raise StoreError(f"{what} is of the type {row.type!r}, which is not installed here")
    stored = msgspec.json.decode(row.settings)
    fields = _open(stored, provider.secrets, f"channel/{row.id}", keyring, what)
    return Channel(
        id=row.id,
        name=row.name,
        provider=_convert({"type": row.type, **fields}, provider, what),
        fallback=row.fallback,
        title=row.title,
        body=row.body,
    )


def maintenance_spec(maintenance: Maintenance) -> str:
    """The text of a maintenance's `spec`; it has no secrets."""
    return _json(maintenance).decode()


def maintenance_of(row: Any) -> Maintenance:
    """The maintenance of a row. Raises StoreError."""
    return _convert(msgspec.json.decode(row.spec), Maintenance, f"the maintenance {row.name!r}")


def opened(row: dict[str, Any], thing: str, keyring: Keyring) -> dict[str, Any]:
    """A row of a monitor or channel, its columns by name, with the secrets in clear. Raises
    SealError.
    """
    return _respecced(
        row,
        thing,
        lambda fields, secrets, identity: _open(
            fields, secrets, identity, keyring, f"the {thing} {row['name']!r}"
        ),
    )


def resealed(row: dict[str, Any], thing: str, keyring: Keyring) -> dict[str, Any]:
    """The same with the secrets sealed under this node's key."""
    return _respecced(
        row, thing, lambda fields, secrets, identity: _seal(fields, secrets, identity, keyring)
    )


def is_known(row: dict[str, Any], thing: str) -> bool:
    """Whether the kind of a monitor's or channel's row is installed here."""
    return row["type"] in PROVIDERS if thing == "channel" else row["kind"] in KINDS


def secrets_of(row: dict[str, Any], thing: str, keyring: Keyring) -> list[Kept]:
    """How each secret of a row that has something in it stands there."""
    found: list[Kept] = []

    def seen(fields: dict[str, Any], secrets: Iterable[str], _: str) -> dict[str, Any]:
        for stored in (fields.get(name) for name in secrets):
            if isinstance(stored, str) and is_sealed(stored):
                found.append(Kept.CURRENT if keyring.is_current(stored) else Kept.OLDER)
            elif stored:
                found.append(Kept.CLEAR)
        return fields

    _respecced(row, thing, seen)
    return found


def _respecced(row: dict[str, Any], thing: str, made: Callable[..., Any]) -> dict[str, Any]:
    """`row` with what `made` makes of the fields that have secrets. A kind that is not known here
    keeps its fields as they are.
    """
    identity = f"{thing}/{row['id']}"
    if thing == "channel":
        provider = PROVIDERS.get(row["type"])
        secrets = provider.secrets if provider is not None else ()
        fields = made(msgspec.json.decode(row["settings"]), secrets, identity)
        return {**row, "settings": _json(fields).decode()}
    kind = KINDS.get(row["kind"])
    spec = msgspec.json.decode(row["spec"])
    spec["check"] = made(spec["check"], kind.secrets if kind is not None else (), identity)
    return {**row, "spec": _json(spec).decode()}


def _convert(fields: dict[str, Any], wanted: type[T], what: str) -> T:
    try:
        return msgspec.convert(fields, wanted)
    except msgspec.ValidationError as error:
        raise StoreError(f"{what} is stored in a form this version cannot read: {error}") from error


def _seal(
    fields: dict[str, Any], secrets: Iterable[str], identity: str, keyring: Keyring
) -> dict[str, Any]:
    if not keyring:
        return fields
    sealed = {
        name: keyring.seal(_json(fields[name]), f"{identity}/{name}")
        for name in secrets
        if fields.get(name)
    }
    return fields | sealed


def _open(
    fields: dict[str, Any], secrets: Iterable[str], identity: str, keyring: Keyring, what: str
) -> dict[str, Any]:
    opened = {}
    for name in secrets:
        stored = fields.get(name)
        if isinstance(stored, str) and is_sealed(stored):
            try:
                opened[name] = msgspec.json.decode(keyring.open(stored, f"{identity}/{name}"))
            except SealError as error:
                raise SealError(
                    f"{what}: its {name} cannot be opened with UPTOP_ENCRYPTION_KEY: {error}"
                ) from error
    return fields | opened
