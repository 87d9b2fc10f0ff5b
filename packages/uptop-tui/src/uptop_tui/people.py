"""Users and tokens as rows of tables. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import ago, moment
from uptop_tui.screens.columns import Column
from uptop_tui.signs import GOOD, QUIET, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.access_answers import TokenView, UserView
    from uptop_tui.screens.table import Cells

USER_COLUMNS = (
    Column(key="name", title="USER", width=16, share=2),
    Column(key="role", title="ROLE", width=8),
    Column(key="tokens", title="TOKENS", width=6, right=True),
    Column(key="used", title="LAST SEEN", width=13, right=True),
    Column(key="created", title="SINCE", width=16, rank=1, right=True),
)
TOKEN_COLUMNS = (
    Column(key="state", title="STATE", width=9),
    Column(key="name", title="TOKEN", width=14, share=2),
    Column(key="user", title="OF", width=10, share=1),
    Column(key="prefix", title="BEGINS", width=10, rank=2),
    Column(key="used", title="LAST USED", width=13, rank=1, right=True),
    Column(key="expires", title="ENDS", width=16, right=True),
)
_NAME_LIMIT = 60


def user_cells(user: UserView, tokens: Iterable[TokenView], now_ms: int) -> Cells:
    """The row of a user, beside all tokens."""
    own = [token for token in tokens if token.user == user.name]
    good = [token for token in own if is_good(token, now_ms)]
    used = max((token.last_used for token in own if token.last_used is not None), default=None)
    return (
        escape(user.name, _NAME_LIMIT),
        escape(user.role, 20),
        str(len(good)) if good else "–",
        _ago(used, now_ms),
        moment(user.created, now_ms),
    )


def token_cells(token: TokenView, now_ms: int) -> Cells:
    """The row of a token."""
    return (
        _state(token, now_ms),
        escape(token.name, _NAME_LIMIT),
        escape(token.user, _NAME_LIMIT),
        f"{escape(token.prefix, 20)}…",
        _ago(token.last_used, now_ms),
        "never" if token.expires is None else moment(token.expires, now_ms),
    )


def ordered(tokens: Iterable[TokenView], now_ms: int) -> list[TokenView]:
    """Those that are good first, by whose they are."""
    return sorted(
        tokens,
        key=lambda token: (not is_good(token, now_ms), token.user.casefold(), token.created),
    )


def is_good(token: TokenView, now_ms: int) -> bool:
    """Whether it opens anything."""
    return token.revoked is None and (token.expires is None or token.expires > now_ms)


def _state(token: TokenView, now_ms: int) -> Content:
    if token.revoked is not None:
        return Content.styled("‖ revoked", QUIET)
    if not is_good(token, now_ms):
        return Content.styled("‖ ended", WARNING)
    return Content.styled("● good", GOOD)


def _ago(at_ms: int | None, now_ms: int) -> str:
    return "never" if at_ms is None else ago(at_ms, now_ms)
