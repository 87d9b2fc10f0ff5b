"""The forms of what people set up: a monitor and a channel of some kind. Pure.

In: `/api/v1/kinds` and what else there is. Out: the form, and the body that a new thing begins with.
What is written here is about the fields that every monitor or channel has; those of a kind come
from its schema alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptop_core.errors import ConfigError, Problem
from uptop_tui.forms.drafts import Body, Form
from uptop_tui.forms.fields import Field, Hint, Option, Schema, Shape, chosen, fields_of

if TYPE_CHECKING:
    from uptop_core.api_answers import Kinds, KindView
    from uptop_tui.forms.known import Known

_TIMES = "Times and votes"
_WHO = "Who is told"
_PLACE = "Where it stands"
JUDGED_KINDS = ("push", "group")
"""No node runs these: what is about nodes and their votes does not matter."""
_CONDITIONS = "such as status == 204 or latency < 500ms; failing one with soft: is DEGRADED"
_OF_NODES = ("timeout", "max_retries", "retry_interval", "regions", "aggregation", "min_votes")


def monitor_form(kinds: Kinds, kind: str, known: Known, *, is_new: bool) -> Form:
    """The form of a monitor of some kind."""
    check = _kind_fields(kinds.monitor, "check", kind, f"More of {kind}")
    around = fields_of(kinds.monitor, _monitor_hints(kinds, known), section=_PLACE)
    dropped = set(_OF_NODES) if kind in JUDGED_KINDS else set()
    if kind == "group":
        dropped |= {"interval", "check.conditions", "keep_body"}
    name, *rest = (field for field in around if field.name not in dropped)
    check = tuple(field for field in check if field.name not in dropped)
    required = [field for field in check if field.required]
    others = [field for field in check if not field.required]
    return Form(
        title=f"{'Add' if is_new else 'Edit'} a monitor: {kind}",
        fields=(name, *required, *_sections([*rest, *others])),
        judged=_judged_monitor,
    )


def channel_form(kinds: Kinds, kind: str, known: Known, *, is_new: bool) -> Form:
    """The form of a channel of some kind."""
    own = _kind_fields(kinds.channel, "provider", kind, "")
    hints = {
        "fallback": Hint(
            shape=Shape.ONE_OF,
            help="the channel that takes over when this one fails for good, or for 5 minutes",
            options=known.channel_options,
        ),
        "title": Hint(help="a template for the first line; empty: uptop's own"),
        "body": Hint(shape=Shape.LINES, help="a template for the text; empty: uptop's own"),
    }
    name, *rest = fields_of(kinds.channel, hints, section="Fallback and templates")
    return Form(
        title=f"{'Add' if is_new else 'Edit'} a channel: {kind}",
        fields=(name, *own, *rest),
    )


def new_monitor(kind: str) -> Body:
    """What a new monitor begins with."""
    return {"check": {"type": kind}}


def new_channel(kind: str) -> Body:
    """What a new channel begins with."""
    return {"provider": {"type": kind}}


def kind_options(kinds: tuple[KindView, ...]) -> tuple[Option, ...]:
    """The kinds to choose from, each with what it is."""
    return tuple(
        Option(kind.name, f"{kind.name:<11}{kind.about.replace('`', '')}") for kind in kinds
    )


def _kind_fields(schema: Schema, at: str, kind: str, section: str) -> tuple[Field, ...]:
    defs = schema.get("$defs", {})
    own = chosen(schema, at, kind)
    hints = {f"{at}.body": Hint(shape=Shape.LINES), f"{at}.conditions": Hint(help=_CONDITIONS)}
    return fields_of(own, hints, prefix=f"{at}.", section=section, defs=defs)


def _monitor_hints(kinds: Kinds, known: Known) -> dict[str, Hint]:
    strategies = tuple(Option(one.name, f"{one.name}: {one.about}") for one in kinds.strategies)
    regions = f"; there are {', '.join(known.regions)}" if known.regions else ""
    words = Shape.WORDS
    return {
        "name": Hint(help="how it is called everywhere; no two monitors have the same name"),
        "interval": Hint(help="how often it is checked, such as 30s or 5m", section=""),
        "timeout": Hint(help="at most the interval; empty: 5s, or the interval", section=_TIMES),
        "max_retries": Hint(
            help="rounds that confirm a change; empty: 1, or 2 while one node alone votes",
            section=_TIMES,
        ),
        "retry_interval": Hint(help="between two rounds", section=_TIMES),
        "regions": Hint(
            shape=words, help=f"comma-separated; empty: every node{regions}", section=_TIMES
        ),
        "aggregation": Hint(
            shape=Shape.CHOICE, options=strategies, section=_TIMES,
            help="how votes become a verdict; empty: as the leader has it",
        ),
        "min_votes": Hint(help="fewer fresh votes than this are UNKNOWN", section=_TIMES),
        "channels": Hint(
            shape=Shape.SOME_OF, options=known.channel_options, section=_WHO,
            help="where people are told",
        ),
        "depends_on": Hint(
            shape=Shape.SOME_OF, options=known.monitor_options, section=_WHO,
            help="while one of these is DOWN, its own outage is not told",
        ),
        "remind_every": Hint(help="while it is DOWN, such as 1h; empty: never", section=_WHO),
        "notify": Hint(section=_WHO),
        "notify.down": Hint(label="Tell DOWN", section=_WHO),
        "notify.unknown": Hint(label="Tell UNKNOWN", section=_WHO),
        "notify.partial": Hint(label="Tell PARTIAL", section=_WHO),
        "notify.degraded": Hint(label="Tell DEGRADED", section=_WHO),
        "notify.late": Hint(label="Tell LATE", section=_WHO),
        "notify.cert": Hint(
            label="Tell certificate", help="that a certificate ends soon", section=_WHO
        ),
        "parent": Hint(
            shape=Shape.ONE_OF, options=known.group_options, label="Group",
            help="the group that it stands in",
        ),
        "tags": Hint(shape=words, help="comma-separated, to filter and to group by"),
        "description": Hint(shape=Shape.LINES, help="what it is, for people"),
        "runbook": Hint(help="a link to what is to be done when it is DOWN"),
        "paused": Hint(help="it is set up, and not checked"),
        "keep_body": Hint(
            help="keep the first KiB of a failing answer as evidence", section=_TIMES
        ),
    }  # fmt: skip


def _sections(fields: list[Field]) -> list[Field]:
    """In the order of their sections: what is always shown first, then the kind's own."""
    order = {"": 0, _TIMES: 2, _WHO: 3, _PLACE: 4}
    return sorted(fields, key=lambda field: order.get(field.section, 1))


def _judged_monitor(body: Body) -> list[Problem]:
    """What the check says of itself, where this program has the same kind: so a URL that is none
    is told before it is sent.
    """
    from uptop_core.kinds import KINDS
    from uptop_core.strict import build

    check: dict[str, Any] = body.get("check", {})
    kind = KINDS.get(str(check.get("type")))
    if kind is None:
        return []
    ours = {field for field in kind.__struct_fields__ if field in check}
    try:
        build(kind, {"type": check["type"], **{name: check[name] for name in ours}}, "check")
    except ConfigError as error:
        return list(error.problems)
    return []
