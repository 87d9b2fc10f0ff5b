"""What an admin does about nodes: give one its key, rotate it, revoke it, forget the node. Each function
gives the sentence to tell, which is empty where nothing was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptop_core.api_bodies import NodeKeyBody, RotateBody
from uptop_core.escaping import escape
from uptop_core.strict import build
from uptop_tui.forms.bodies import node_key_form, rotate_form
from uptop_tui.forms.drafts import Draft
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.editing import ask
from uptop_tui.screens.managing import TokenScreen

if TYPE_CHECKING:
    from uptop_core.views import NodeView
    from uptop_tui.app import UptopApp

Body = dict[str, Any]
_WHAT = "key of the node"
_ID_LIMIT = 60


async def give_key(app: UptopApp, node: NodeView | None) -> str:
    """A key for a node that has none; `node` is the one to begin with, and another id may be written,
    also of one that never came.
    """
    given = {"id": node.id, "region": node.region} if node is not None else {}
    made = ""

    async def save(body: Body) -> str:
        nonlocal made
        id = body.pop("id")
        made = (await app.client.add_node_key(id, build(NodeKeyBody, body).region)).key
        return f"{escape(id, _ID_LIMIT)}: has its key"

    said = await ask(app, Draft(node_key_form(), given=given, is_new=True), save)
    if made:
        await app.push_screen_wait(TokenScreen(made, _WHAT))
    return said


async def rotate_key(app: UptopApp, node: NodeView) -> str:
    """Another key, beside which the old one is good for a while."""
    name = escape(node.name, _ID_LIMIT)
    made = ""

    async def save(body: Body) -> str:
        nonlocal made
        overlap_s = build(RotateBody, body).overlap
        made = (await app.client.rotate_node_key(node.id, overlap_s)).key
        return f"{name}: has another key"

    said = await ask(app, Draft(rotate_form(name), is_new=True), save)
    if made:
        await app.push_screen_wait(TokenScreen(made, _WHAT))
    return said


async def revoke_key(app: UptopApp, node: NodeView) -> str:
    """Its keys are good no more, once that was confirmed."""
    name = escape(node.name, _ID_LIMIT)
    words = f"Revoke all keys of the node {name}? It is refused from then on, and leaves at once."
    if not await app.push_screen_wait(ConfirmScreen("Revoke a key", words, "Revoke")):
        return ""
    await app.client.revoke_node_key(node.id)
    return f"{name}: its keys are revoked"


async def forget(app: UptopApp, node: NodeView) -> str:
    """It is in no list any more, once that was confirmed."""
    name = escape(node.name, _ID_LIMIT)
    words = f"Forget the node {name} and its keys? What it saw stays in the history."
    if not await app.push_screen_wait(ConfirmScreen("Forget a node", words, "Forget")):
        return ""
    await app.client.remove("nodes", node.id)
    return f"{name}: forgotten"
