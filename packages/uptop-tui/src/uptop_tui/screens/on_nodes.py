"""What an admin does with a node, from wherever one is shown: its key, and forgetting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_tui.screens import node_keys
from uptop_tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.views import NodeView

FOR_ADMINS = frozenset({"give_key", "rotate_key", "revoke_key", "forget"})


class ActsOnNodes(Page):
    """A page on which a node can be acted on; `meant` is the one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "give_key", "Give a key"),
        Binding("r", "rotate_key", "Rotate"),
        Binding("v", "revoke_key", "Revoke"),
        Binding("d,delete", "forget", "Forget"),
    ]

    def meant(self) -> NodeView | None:
        """The node that an action is about."""
        raise NotImplementedError  # each page says for itself

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only admins are offered what only they may do."""
        if action in FOR_ADMINS and self.uptop.role != "admin":
            return False
        return super().check_action(action, parameters)

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        if self.uptop.role != "admin":
            return
        yield SystemCommand(
            "Give a key (a)", "to a node, known or not yet; it is shown once", self.action_give_key
        )
        node = self._other()
        if node is None:
            return
        name = escape(node.name, 60)
        if node.has_key:
            yield SystemCommand(
                "Rotate the key (r)", f"give {name} another one", self.action_rotate_key
            )
            yield SystemCommand(
                "Revoke the key (v)", f"let {name} in no more", self.action_revoke_key
            )
        yield SystemCommand("Forget (d)", f"take {name} out of all lists", self.action_forget)

    def action_give_key(self) -> None:
        """Give a node its key: the one that is meant if it has none, or one not known yet."""
        app, node = self.uptop, self._other()
        if node is not None and node.has_key:
            node = None
        app.do(lambda: node_keys.give_key(app, node), str)

    def action_rotate_key(self) -> None:
        """Give it another key."""
        app = self.uptop
        if (node := self._keyed()) is not None:
            app.do(lambda: node_keys.rotate_key(app, node), str)

    def action_revoke_key(self) -> None:
        """Let it in no more, once that was confirmed."""
        app = self.uptop
        if (node := self._keyed()) is not None:
            app.do(lambda: node_keys.revoke_key(app, node), str)

    def action_forget(self) -> None:
        """Take it out of all lists, once that was confirmed."""
        app = self.uptop
        if (node := self._other()) is not None:
            app.do(lambda: node_keys.forget(app, node), str)
        elif self.meant() is not None:
            app.tell("this is the leader itself", is_error=True)
        else:
            self.nothing_here()

    def _other(self) -> NodeView | None:
        """The node that is meant, if it is not the leader itself."""
        node = self.meant()
        return None if node is None or node.own else node

    def _keyed(self) -> NodeView | None:
        """The node that is meant, if it has a key; else that is told."""
        node = self.meant()
        if node is None:
            self.nothing_here()
        elif not node.has_key:
            self.uptop.tell(f"{escape(node.name, 60)} has no key of its own", is_error=True)
            return None
        return node
