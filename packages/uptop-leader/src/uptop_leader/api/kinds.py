"""`/api/v1/kinds`: every check, strategy and provider with its JSON Schema: what forms are drawn from."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import msgspec

from uptop_core.api_answers import Kinds, KindView
from uptop_core.kinds import KINDS
from uptop_core.verdicts import strategies
from uptop_leader.api.answers import tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.schemas import FORMS, body_schemas, whole
from uptop_leader.provider_kinds import PROVIDERS

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_core.check import Check
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.schemas import Schema
    from uptop_leader.provider import Provider

_DEFS = "#/$defs/{name}"


class KindEndpoints:
    """What programs read of the kinds that this leader knows. It is made once, when first asked."""

    def __init__(self) -> None:
        self._body = b""

    def endpoints(self) -> list[Endpoint]:
        """The one there is."""
        return [
            Endpoint(
                method="GET", path="/kinds", run=self.kinds, topic="kinds",
                summary="Every kind of check, strategy and provider, with its JSON Schema",
                answer=Kinds, tagged=True,
            ),
        ]  # fmt: skip

    async def kinds(self, call: Call) -> Response:
        """All of them."""
        if not self._body:
            self._body = msgspec.json.encode(all_kinds())
        return tagged(call.request, self._body, "application/json")


def all_kinds() -> Kinds:
    """All kinds that this process knows."""
    schemas = body_schemas(FORMS, _DEFS)
    monitor, channel, maintenance = (whole(form.__name__, schemas) for form in FORMS)
    return Kinds(
        checks=tuple(_view(kind, schemas) for _, kind in sorted(KINDS.items())),
        strategies=tuple(
            KindView(name=name, about=_about(type(one)))
            for name, one in sorted(strategies().items())
        ),
        providers=tuple(_view(kind, schemas) for _, kind in sorted(PROVIDERS.items())),
        monitor=monitor,
        channel=channel,
        maintenance=maintenance,
    )


def _view(kind: type[Check] | type[Provider], schemas: dict[str, Schema]) -> KindView:
    schema = whole(kind.__name__, schemas)
    return KindView(name=kind.kind(), about=_about(kind), schema=schema, secrets=kind.secrets)


def _about(kind: type) -> str:
    """The first sentence of what the class says of itself."""
    words = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0]
    return " ".join(words.split())
