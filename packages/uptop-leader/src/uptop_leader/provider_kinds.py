"""All providers that this process knows, by name, and the union of them for decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from uptop_core import plugins
from uptop_leader import providers
from uptop_leader.provider import Provider

PROVIDERS: dict[str, type[Provider]] = {
    provider.kind(): provider for provider in plugins.find(providers, Provider, "uptop.providers")
}

if TYPE_CHECKING:
    AnyProvider = Provider
else:
    # Built at run time from what the folder holds, so a new provider edits no list.
    AnyProvider: Any = Union[tuple(PROVIDERS.values())]  # noqa: UP007
