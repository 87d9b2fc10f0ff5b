"""Part of step 12: what people are told, and the words for it.

A message is facts; `render` makes a title and a body of it, from the channel's own templates or from
the default texts of `wording`. A template that fails when it is needed falls back to the default
text: bad words must not keep news from people. Jinja, 2 MB of memory, is imported with the first
template that somebody has written.
"""

from __future__ import annotations

from msgspec import Struct

from uptop_leader import wording

TITLE_LIMIT = 250
BODY_LIMIT = 10_000

OPENING = frozenset(
    {
        *("down", "unknown", "partial", "degraded", "late", "flapping", "reminder"),
        *("node_offline", "nodes_flapping"),
    }
)
"""Events that begin, or go on with, something a paging service is to keep open."""
CLOSING = frozenset({"up", "paused", "deleted", "over", "node_online", "nodes_settled"})
"""Events that end it."""
SILENT = frozenset({"over"})
"""Events that no person is told of: they only close what a paging service keeps open."""
URGENT = frozenset({"down", "reminder"})
"""Events for which somebody may be woken."""


class Message(Struct, frozen=True, kw_only=True):
    """One notification, as facts.

    `key` is the same whenever the same notification is sent again. `event` is one of down, up,
    down_and_up (was down, is up again: told together), unknown, partial, degraded, late, cert,
    reminder, flapping, paused, deleted, over (nothing to tell, but an alert to close), node_offline,
    node_online, odd_one, blind, nodes_flapping, nodes_settled, digest, test. `incident` is shared by a DOWN and its UP. `monitor`
    is a name and `monitor_id` its id (for events of one node the node's), `target` is empty when
    it is hidden, `reasons` reads like `2 × timeout, 1 × HTTP 503`, `regions` are the places that see it.
    Times are Unix milliseconds UTC; `at` is when it was decided to tell. A digest's are `lines`, and
    the `messages` that they stand for. `instead_of` names the channel that does not get through.
    """

    key: str
    event: str
    monitor: str
    at: int
    incident: str | None = None
    monitor_id: str = ""
    kind: str = ""
    target: str = ""
    status: str = ""
    reasons: str = ""
    detail: str = ""
    started_at: int | None = None
    ended_at: int | None = None
    regions: tuple[str, ...] = ()
    url: str = ""
    runbook: str = ""
    possible_repeat: bool = False
    lines: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    instead_of: str = ""

    @property
    def alert(self) -> str:
        """What a paging service keeps one alert under: a DOWN and its UP have the same."""
        if self.event in OPENING | CLOSING or self.event == "down_and_up":
            return self.incident or self.monitor_id or self.key
        return self.key

    @property
    def is_over(self) -> bool:
        """True when nothing is left to do: an alert for it is closed as soon as it is opened."""
        return self.event in ("down_and_up", "blind", "test")


class Rendered(Struct, frozen=True):
    """A message in words: a title of one line and a body."""

    title: str
    body: str


def render(
    message: Message,
    title_template: str | None = None,
    body_template: str | None = None,
    *,
    idempotent: bool = False,
) -> Rendered:
    """The words for `message`. Empty templates mean the default texts.

    A possible repeat is marked in the title, unless the provider is `idempotent`: then the receiver
    knows by the key.
    """
    mark = " (possible repeat)" if message.possible_repeat and not idempotent else ""
    values = _values(message)
    title = _words(title_template, values, message) or wording.title(message)
    body = _words(body_template, values, message) or wording.body(message)
    return Rendered(
        clip(one_line(title), TITLE_LIMIT - len(mark)) + mark,
        clip(printable(body).strip(), BODY_LIMIT),
    )


def template_problem(text: str) -> str | None:
    """What is wrong with a template that a person wrote, or None."""
    from uptop_leader import templates

    return templates.problem(text, _values(_SAMPLE))


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, with an ellipsis where something is left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def one_line(text: str) -> str:
    """`text` without line breaks and control characters."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """`text` without control characters except line breaks and tabs, and encodable as UTF-8."""
    kept = "".join(char if char in "\n\t" or char.isprintable() else " " for char in text)
    return kept.encode("utf-8", "replace").decode()


def _values(message: Message) -> dict[str, object]:
    """What a template may name: the facts, the default texts, and times in words."""
    facts: dict[str, object] = {name: getattr(message, name) for name in Message.__struct_fields__}
    return facts | {
        "title": wording.title(message),
        "body": wording.body(message),
        "since": wording.clock(message.started_at, message.at),
        "until": wording.clock(message.ended_at, message.at),
        "duration": wording.lasted(message),
    }


def _words(template: str | None, values: dict[str, object], message: Message) -> str:
    """The filled template; empty where there is none, it fails, or it would lose a list."""
    if not template or (message.lines and "lines" not in template):
        return ""
    from uptop_leader import templates

    return templates.fill(template, values).strip()


_SAMPLE = Message(
    key="0123456789abcdef",
    event="down",
    incident="5e1c1e9e-6f0a-5d0e-9c3b-000000000001",
    monitor="API",
    monitor_id="5e1c1e9e-6f0a-4d0e-9c3b-000000000002",
    kind="http",
    target="https://api.example.com/health",
    status="DOWN",
    reasons="2 × timeout, 1 × HTTP 503",
    detail="no answer within 5 s",
    started_at=1_767_355_390_000,
    at=1_767_355_402_000,
    regions=("eu-west", "us-east"),
)
