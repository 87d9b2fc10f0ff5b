"""opsgenie: an alert that is created by a DOWN and closed by its UP (Alert API v2).

The incident's id is the `alias`: sent again, a request changes nothing but a count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import quote

from uptop_leader.messages import CLOSING, URGENT, clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, endpoint, url_problems, word_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

MESSAGE_LIMIT, ALIAS_LIMIT, DESCRIPTION_LIMIT, ENTITY_LIMIT = 130, 512, 15_000, 512

Priority = Literal["P1", "P2", "P3", "P4", "P5"]


class Opsgenie(Provider, tag="opsgenie", frozen=True, kw_only=True, omit_defaults=True):
    """Sends with the integration's `api_key`; `eu` for accounts in the EU; a DOWN has `priority`.

    Other messages than outages have P4 at most. What is over already (a test, an outage told only
    after its end) is created and closed at once. `api_url` replaces both of Opsgenie's own URLs.
    """

    example: ClassVar[str] = 'api_key: "${OPSGENIE_KEY}", eu: true, priority: P2'

    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    idempotent: ClassVar[bool] = True
    digests: ClassVar[bool] = False
    keeps_alerts: ClassVar[bool] = True

    api_key: str
    priority: Priority = "P1"
    eu: bool = False
    api_url: str = ""

    def problems(self) -> Iterator[Problem]:
        """A key that cannot be sent, a URL that cannot be asked."""
        yield from word_problems("api_key", self.api_key)
        if self.api_url:
            yield from url_problems("api_url", self.api_url)

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """Create what opens, close what closes, both for what is over already."""
        if message.event not in CLOSING:
            await self._ask(http, "", self._alert(message, rendered))
        if message.event in CLOSING or message.is_over:
            alias = quote(message.alert[:ALIAS_LIMIT], safe="")
            note = {"source": "uptop", "note": rendered.title}
            await self._ask(http, f"/{alias}/close?identifierType=alias", note)

    async def _ask(self, http: Http, path: str, body: Mapping[str, object]) -> None:
        ours = "https://api.eu.opsgenie.com" if self.eu else "https://api.opsgenie.com"
        url = endpoint(self.api_url or ours, "/v2/alerts") + path
        headers = {"Authorization": f"GenieKey {self.api_key}"}
        await self.post(http, Request(url=url, headers=headers, body=body))

    def _alert(self, message: Message, rendered: Rendered) -> dict[str, object]:
        details = {"regions": ", ".join(message.regions), "url": message.url}
        return {
            "message": clip(rendered.title, MESSAGE_LIMIT),
            "alias": message.alert[:ALIAS_LIMIT],
            "description": clip(rendered.body, DESCRIPTION_LIMIT),
            "priority": self._priority(message),
            "source": "uptop",
            "entity": clip(message.monitor, ENTITY_LIMIT),
            "details": {name: text for name, text in details.items() if text},
        }

    def _priority(self, message: Message) -> Priority:
        if message.event in URGENT:
            return self.priority
        usual: Priority = "P5" if message.is_over else "P4"
        return max(self.priority, usual)
