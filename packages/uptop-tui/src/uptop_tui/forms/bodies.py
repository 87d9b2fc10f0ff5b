"""The forms of what the models of the API describe alone: users, tokens, keys and posts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from uptop_core.api_bodies import NodeKeyBody, PostBody, RotateBody, TokenBody, UserBody
from uptop_core.wire import NodeId
from uptop_tui.forms.drafts import Draft, Entries, Form
from uptop_tui.forms.fields import Hint, Option, Schema, Shape, fields_of

if TYPE_CHECKING:
    from uptop_core.api_answers import PostView
    from uptop_tui.forms.known import Known

_ROLES = (
    Option("viewer", "viewer: reads"),
    Option("editor", "editor: sets up and acts"),
    Option("admin", "admin: also manages users and tokens"),
)


class _NodeKey(NodeKeyBody, frozen=True, kw_only=True):
    """A key to be made: also for which node, which the API has in the path."""

    id: NodeId


def user_form() -> Form:
    """A user to be added."""
    hints = {
        "name": Hint(help="who it is, such as ada; tokens are made for a name"),
        "role": Hint(shape=Shape.CHOICE, options=_ROLES),
    }
    return Form(title="Add a user", fields=fields_of(_schema(UserBody), hints))


def role_form(name: str) -> Form:
    """Another role for a user."""
    hints = {"role": Hint(shape=Shape.CHOICE, options=_ROLES)}
    fields = fields_of(_schema(UserBody), hints)
    return Form(title=f"Role of {name}", fields=tuple(one for one in fields if one.name == "role"))


def token_form(known: Known) -> Form:
    """A token to be made."""
    users = tuple(Option(name, name) for name in known.users)
    hints = {
        "name": Hint(help="what it is for, such as laptop"),
        "user": Hint(shape=Shape.CHOICE, options=users, help="who acts with it, in their role"),
        "expires": Hint(
            shape=Shape.MOMENT, help="when it ends, such as +90d or 2027-01-31", empty="never"
        ),
    }
    return Form(title="Make a token", fields=fields_of(_schema(TokenBody), hints))


def node_key_form() -> Form:
    """A key for a node, known or not yet."""
    hints = {
        "id": Hint(label="ID", help="what the probe calls itself: its UPTOP_NODE_ID"),
        "region": Hint(help="from where it looks, such as eu-west; empty: it has none"),
    }
    return Form(title="Give a node its key", fields=fields_of(_schema(_NodeKey), hints))


def rotate_form(name: str) -> Form:
    """Another key for a node."""
    hints = {
        "overlap": Hint(
            shape=Shape.SPAN, help="for how long the old key is good still; 0s: no more"
        ),
    }
    return Form(title=f"Another key for {name}", fields=fields_of(_schema(RotateBody), hints))


def post_form(known: Known, *, is_begun: bool) -> Form:
    """A post that begins a thread, or goes on with one."""
    hints = {
        "kind": Hint(help="a thread stands on the status page until it is resolved"),
        "words": Hint(shape=Shape.LINES, label="Text", help="what people are to know"),
        "title": Hint(help="of the thread; needed to begin one"),
        "monitors": Hint(
            shape=Shape.SOME_OF, options=known.monitor_options, help="what it is about"
        ),
        "at": Hint(shape=Shape.MOMENT, help="when it was so, if not now", empty="now"),
    }
    left_out = {"thread", "incident", *(("title", "monitors") if is_begun else ())}
    fields = [one for one in fields_of(_schema(PostBody), hints) if one.name not in left_out]
    order = ("title", "kind", "words", "monitors", "at")
    fields.sort(key=lambda one: order.index(one.name) if one.name in order else len(order))
    title = "Go on with a thread" if is_begun else "Write a post"
    return Form(title=title, fields=tuple(fields), places={"thread": "", "incident": ""})


def post_draft(
    known: Known,
    *,
    last: PostView | None = None,
    incident: str | None = None,
    monitors: tuple[str, ...] = (),
    title: str = "",
) -> Draft:
    """The draft of a post: the next one after `last` of its thread, or the first of a thread about
    an incident and monitors.
    """
    base: dict[str, Any] = {}
    given: Entries = {"kind": "investigating", "title": title, "monitors": monitors}
    if last is not None:
        base["thread"] = last.thread
        given["kind"] = last.kind
    if incident is not None:
        base["incident"] = incident
    return Draft(post_form(known, is_begun=last is not None), base, given, is_new=True)


def change_draft(known: Known, post: PostView) -> Draft:
    """The draft of a post as it was written; the first one of a thread has the title and monitors."""
    is_begun = post.id != post.thread
    whole = post_form(known, is_begun=is_begun)
    fields = tuple(one for one in whole.fields if one.name != "at")
    return Draft(Form(title="Change a post", fields=fields), change_body(post))


def change_body(post: PostView) -> dict[str, Any]:
    """What may be changed of a post, as it is."""
    body: dict[str, Any] = {"kind": post.kind, "words": post.words}
    if post.id == post.thread:
        body |= {"title": post.title, "monitors": list(post.monitors)}
    return body


def _schema(kind: type[Struct]) -> Schema:
    """The schema of a body, standing on its own."""
    _, found = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {**found[kind.__name__], "$defs": found}
