"""What registries say of domains, by RDAP: which server to ask (RFC 9224), and its answer (RFC 9083).

Pure: JSON in, facts out. Registries differ in what they tell, so what is not needed is not looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without spaces: some write these as RFC 8056 does, some as EPP ("redemptionPeriod").
_LOST = ("redemptionperiod", "pendingdelete", "clienthold", "serverhold")


class NotRdap(ValueError):
    """Raised for an answer that cannot be used; the text says why."""


class Registration(Struct, frozen=True, kw_only=True):
    """What a registry says of a domain. `ends` is in Unix seconds, None if it does not say."""

    ends: float | None
    statuses: tuple[str, ...]

    @property
    def lost(self) -> str | None:
        """The status by which the domain has lapsed or is taken out of DNS, if it has one."""
        lost = (one for one in self.statuses if one.replace(" ", "") in _LOST)
        return next(lost, None)


def find_server(registry: bytes, name: str) -> str | None:
    """The base URL of the server for `name` by IANA's registry; None where there is none.

    Raises NotRdap for what is no such registry.
    """
    labels = name.split(".")
    found: dict[str, str] = {}
    services = _object(registry, "a registry of RDAP servers").get("services")
    for zones, urls in _pairs(services):
        url = next((url for url in sorted(urls, reverse=True) if url.startswith("http")), None)
        if url is not None:
            found.update(dict.fromkeys((zone.lower() for zone in zones), url))
    suffixes = (".".join(labels[place:]) for place in range(len(labels)))
    return next((found[suffix] for suffix in suffixes if suffix in found), None)


def read_registration(answer: bytes, name: str) -> Registration:
    """What `answer` says of `name`. Raises NotRdap when it is about something else."""
    told = _object(answer, "an answer of RDAP")
    if told.get("objectClassName") != "domain":
        raise NotRdap("it is not about a domain")
    if str(told.get("ldhName") or name).lower().rstrip(".") != name:
        raise NotRdap("it is about another domain")
    return Registration(
        ends=_end(told.get("events")),
        statuses=tuple(one.lower() for one in _texts(told.get("status"))),
    )


def _end(events: object) -> float | None:
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and str(event.get("eventAction")).lower() == "expiration":
            try:
                moment = datetime.fromisoformat(str(event.get("eventDate")))
            except ValueError:
                raise NotRdap("its date of expiration cannot be read") from None
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NotRdap(f"it is not {what}")
    return value


def _pairs(services: object) -> Iterator[tuple[list[str], list[str]]]:
    if not isinstance(services, list):
        raise NotRdap("it is not a registry of RDAP servers")
    for service in services:
        if isinstance(service, list) and len(service) >= 2:
            yield _texts(service[0]), _texts(service[1])


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
