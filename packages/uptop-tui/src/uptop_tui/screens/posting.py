"""What is done about posts that were written: change one, or delete it. Each function gives the sentence
to tell, which is empty where nothing was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptop_core.escaping import escape
from uptop_tui.forms.bodies import change_body, change_draft
from uptop_tui.forms.fields import Option
from uptop_tui.forms.known import Known
from uptop_tui.moments import moment
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.editing import ask
from uptop_tui.screens.pick import PickScreen
from uptop_tui.screens.waiting import meanwhile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.api_answers import PostView
    from uptop_core.api_client import ApiClient
    from uptop_tui.app import UptopApp

Body = dict[str, Any]
_EMPTY: Body = {"title": "", "monitors": []}
"""What an entry that was emptied is sent as: what is left out stays as it is."""


async def change_post(app: UptopApp, posts: Sequence[PostView]) -> str:
    """Change one of these; only what was changed is sent."""
    post = await _one_of(app, "Change which post?", posts)
    if post is None:
        return ""
    edited = _Edit(app.client, post.id)
    held = await meanwhile(app, edited.read)
    if held is None:
        return ""
    draft = change_draft(Known(monitors=tuple(app.picture.monitors.values())), held)
    return await ask(app, draft, edited.save, edited.again)


class _Edit:
    """A post as it was read, to be changed if it is still like that."""

    def __init__(self, client: ApiClient, id: str) -> None:
        self._client = client
        self._id = id
        self._etag = ""
        self._before: Body = {}

    async def read(self) -> PostView:
        held = await self._client.post(self._id)
        self._etag, self._before = held.etag, change_body(held.value)
        return held.value

    async def again(self) -> Body:
        return change_body(await self.read())

    async def save(self, body: Body) -> str:
        """Send what differs from the post that was read last."""
        whole = {**_EMPTY, **body}
        change = {name: whole[name] for name, was in self._before.items() if whole[name] != was}
        if not change:
            return ""
        await self._client.change_post(self._id, change, self._etag)
        return "the post is changed"


async def delete_post(app: UptopApp, posts: Sequence[PostView]) -> str:
    """Delete one of these, once that was confirmed, if it is still as the question showed it."""
    post = await _one_of(app, "Delete which post?", posts)
    if post is None:
        return ""
    held = await meanwhile(app, lambda: app.client.post(post.id))
    if held is None:
        return ""
    words = f"Delete this post? This cannot be taken back.\n\n{_label(app, held.value)}"
    if post.id == post.thread:
        words += "\n\nIt began its thread: all posts of the thread go with it."
    if not await app.push_screen_wait(ConfirmScreen("Delete a post", words, "Delete")):
        return ""
    await app.client.remove("posts", post.id, held.etag)
    return "the post is deleted"


async def _one_of(app: UptopApp, title: str, posts: Sequence[PostView]) -> PostView | None:
    """The only one, or the one that was chosen, the newest first; None for none."""
    if len(posts) < 2:
        return posts[0] if posts else None
    newest = sorted(posts, key=lambda post: -post.at)
    options = tuple(Option(post.id, _label(app, post)) for post in newest)
    picked = await app.push_screen_wait(PickScreen(title, options))
    return next((post for post in posts if picked and post.id == picked[0]), None)


def _label(app: UptopApp, post: PostView) -> str:
    title = f" “{escape(post.title, 60)}”" if post.title else ""
    words = escape(" ".join(post.words.split()), 80)
    return f"{moment(post.at, app.now())} {escape(post.kind, 20)}{title}: {words}"
