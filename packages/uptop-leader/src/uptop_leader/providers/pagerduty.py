"""pagerduty: an alert that is triggered by a DOWN and resolved by its UP (Events API v2).

The incident's id is the `dedup_key`: sent again, an event changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from uptop_leader.messages import CLOSING, URGENT, clip
from uptop_leader.post import Request
from uptop_leader.provider import Provider, endpoint, url_problems, word_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.errors import Problem
    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

SUMMARY_LIMIT, KEY_LIMIT = 1024, 255

Severity = Literal["critical", "error", "warning", "info"]


class PagerDuty(Provider, tag="pagerduty", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to the service of `routing_key` (its integration key); a DOWN has `severity`.

    Other messages than outages are warnings at most. What is over already (a test, an outage told
    only after its end) is triggered and resolved at once: it is recorded, and nothing is left to do.
    """

    example: ClassVar[str] = 'routing_key: "${PAGERDUTY_KEY}", severity: error'

    secrets: ClassVar[tuple[str, ...]] = ("routing_key",)
    idempotent: ClassVar[bool] = True
    digests: ClassVar[bool] = False
    keeps_alerts: ClassVar[bool] = True

    routing_key: str
    severity: Severity = "critical"
    api_url: str = "https://events.pagerduty.com"

    def problems(self) -> Iterator[Problem]:
        """A key that cannot be sent, a URL that cannot be asked."""
        yield from word_problems("routing_key", self.routing_key)
        yield from url_problems("api_url", self.api_url)

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """Trigger what opens, resolve what closes, both for what is over already."""
        if message.event not in CLOSING:
            await self._enqueue(http, self._trigger(message, rendered))
        if message.event in CLOSING or message.is_over:
            await self._enqueue(http, self._event("resolve", message))

    async def _enqueue(self, http: Http, event: dict[str, object]) -> None:
        await self.post(http, Request(url=endpoint(self.api_url, "/v2/enqueue"), body=event))

    def _event(self, action: str, message: Message) -> dict[str, object]:
        return {
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": message.alert[:KEY_LIMIT],
        }

    def _trigger(self, message: Message, rendered: Rendered) -> dict[str, object]:
        began = message.at if message.started_at is None else message.started_at
        event = self._event("trigger", message)
        event["client"] = "uptop"
        event["payload"] = {
            "summary": clip(rendered.title, SUMMARY_LIMIT),
            "source": message.target or message.monitor or "uptop",
            "severity": self._severity(message),
            "timestamp": datetime.fromtimestamp(began / 1000, UTC).isoformat(),
            "component": message.monitor,
            "class": message.event,
            "custom_details": {"text": rendered.body, "regions": ", ".join(message.regions)},
        }
        if message.url:
            event["client_url"] = message.url
        if message.runbook.startswith(("http://", "https://")):
            event["links"] = [{"href": message.runbook, "text": "Runbook"}]
        return event

    def _severity(self, message: Message) -> Severity:
        if message.event in URGENT:
            return self.severity
        return "info" if message.is_over else "warning"
