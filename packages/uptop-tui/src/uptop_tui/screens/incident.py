"""One incident in full: how it stands, what happened, and what every place saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from uptop_core.escaping import escape
from uptop_tui.evidence import evidence
from uptop_tui.screens import posting
from uptop_tui.screens.on_incidents import ActsOnIncidents
from uptop_tui.screens.reading import Reading
from uptop_tui.signs import sign_of
from uptop_tui.timeline import state, timeline, told

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from uptop_core.api_answers import PostView, TransitionView
    from uptop_core.views import IncidentView
    from uptop_tui.picture import Changes, Picture

TRANSITIONS = "200"
"""How far back the transitions of a monitor are looked through."""


class Story(Struct, frozen=True):
    """What was read of an incident. One that is not whole is what its list says of it."""

    incident: IncidentView
    transitions: tuple[TransitionView, ...] = ()
    posts: tuple[PostView, ...] = ()
    is_whole: bool = True


class IncidentPage(ActsOnIncidents):
    """Timeline, evidence and posts of one that is `listed`."""

    TITLE = "Incident"
    HELP: ClassVar[str] = (
        "The timeline has what happened, what people did, and what they wrote. The evidence is what "
        "each place saw when the incident was confirmed: that is what it rests on. A vote that does "
        "not count says why. e changes a post that was written, d deletes one."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "change_post", "Change a post"),
        Binding("d,delete", "delete_post", "Delete a post"),
    ]
    DEFAULT_CSS = """
    IncidentPage {
        VerticalScroll { padding: 0 1; scrollbar-gutter: stable; }
        .heading { text-style: bold; color: $text-accent; margin-top: 1; }
        #unread { color: $text-error; display: none; }
    }
    """

    def __init__(self, listed: IncidentView) -> None:
        super().__init__()
        self._listed = listed
        self._incident = listed.id
        self._story: Story | None = None
        self._status = ""
        self._read = Reading(self, self._ask, self._was_read, self._was_refused)

    def body(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("reading …", id="state")
            yield Static("", id="unread")
            yield Static("Timeline", classes="heading")
            yield Static("", id="timeline")
            yield Static("Evidence", classes="heading")
            yield Static("", id="evidence")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def show(self, picture: Picture, changes: Changes) -> None:  # noqa: ARG002  the story is read
        status = self._monitor_status()
        if (
            changes.all
            or changes.posts
            or self._incident in changes.incidents
            or status != self._status
        ):
            self._status = status
            self._read.again()
        self._show_state()

    def tick(self) -> None:
        super().tick()
        self._show_state()

    def meant(self) -> IncidentView | None:
        """The one it is about, once it has been read."""
        return self._story.incident if self._story is not None else None

    def taken(self) -> None:
        """Read it anew."""
        self._read.again(now=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is for editors, and for posts that there are, is offered only then."""
        if action in ("change_post", "delete_post") and not self._is_written:
            return False
        return super().check_action(action, parameters)

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        yield from super().commands()
        if self._is_written:
            yield SystemCommand("Change a post (e)", "as it was meant", self.action_change_post)
            yield SystemCommand("Delete a post (d)", "for good", self.action_delete_post)

    def action_change_post(self) -> None:
        """Change what was written."""
        if self._story is not None:
            self._do(posting.change_post(self.uptop, self._story.posts))

    def action_delete_post(self) -> None:
        """Delete what was written, once that was confirmed."""
        if self._story is not None:
            self._do(posting.delete_post(self.uptop, self._story.posts))

    @property
    def _is_written(self) -> bool:
        """Whether there are posts, and who looks may change them."""
        is_editor = self.uptop.role not in ("", "viewer")
        return is_editor and self._story is not None and bool(self._story.posts)

    def _do(self, call: Coroutine[None, None, str]) -> None:
        def said(sentence: str) -> str:
            self.taken()
            return sentence

        self.uptop.do(lambda: call, said)

    async def _ask(self) -> Story:
        client = self.uptop.client
        incident = await client.incident(self._incident)
        moved = await client.transitions(monitor=incident.monitor, limit=TRANSITIONS)
        posts = {post.id: post for post in (await client.posts(incident=self._incident)).posts}
        for thread in {post.thread for post in posts.values()}:
            posts.update((post.id, post) for post in (await client.posts(thread=thread)).posts)
        return Story(incident, moved.transitions, tuple(posts.values()))

    def _was_read(self, story: Story) -> None:
        self._story = story
        self.query_one("#unread").display = False
        self._show_state()
        self._show_story()
        self.refresh_bindings()

    def on_resize(self) -> None:
        super().on_resize()
        self._show_story()

    def _show_story(self) -> None:
        if self._story is None:
            return
        story, now, box = self._story, self.uptop.now(), self.query_one(VerticalScroll)
        width = (box.scrollable_content_region.width or self.app.size.width) - 2
        entries = timeline(story.incident, story.transitions, story.posts)
        self.query_one("#timeline", Static).update(told(entries, now, width))
        seen = evidence(story.incident.evidence, now, width)
        self.query_one("#evidence", Static).update(seen if story.is_whole else "not read")

    def _was_refused(self, sentence: str) -> None:
        """What its list has of it is shown all the same."""
        if self._story is None:
            known = self.uptop.picture.incidents.get(self._incident, self._listed)
            self._was_read(Story(known, is_whole=False))
        unread = self.query_one("#unread", Static)
        unread.update(Content(f"not all of it could be read: {sentence}"))
        unread.display = True

    def _show_state(self) -> None:
        if self._story is None:
            return
        incident = self._story.incident
        number = f"incident {incident.number} of " if incident.number else "an incident of "
        line = Content.assemble(
            number, (escape(incident.name, 100), "bold"), "  ", state(incident, self.uptop.now())
        )
        if status := self._monitor_status():
            sign = sign_of(status)
            line = line.append("   now ").append(
                Content.styled(f"{sign.sign} {sign.word}", sign.style)
            )
        self.query_one("#state", Static).update(line)

    def _monitor_status(self) -> str:
        if self._story is None:
            return ""
        view = self.uptop.picture.monitors.get(self._story.incident.monitor)
        return view.status if view is not None else ""
