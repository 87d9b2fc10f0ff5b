"""Posts that were written are changed and deleted on the page of an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static, TextArea

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_core.api_bodies import PostBody
from uptop_tui.screens.confirm import AskScreen, ConfirmScreen
from uptop_tui.screens.form import FormScreen
from uptop_tui.screens.incident import IncidentPage
from uptop_tui.screens.pick import PickScreen

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from uptop_core.api_answers import PostView

pytestmark = pytest.mark.anyio


async def opens(seat: Seat, key: str, screen: type[Screen[Any]]) -> None:
    await seat.press(key)
    await seat.until(screen.__name__, lambda: isinstance(seat.app.screen, screen))
    if screen is FormScreen:
        await seat.until("its fields", lambda: seat.app.screen.focused is not None)
    await seat.pilot.pause()


def story(seat: Seat) -> str:
    return str(seat.app.screen.query_one("#timeline", Static).content)


async def written(seat: Seat, *words: str) -> list[PostView]:
    """The page of an incident about which these posts were written, in one thread."""
    await seat.goes_down("p")
    await seat.until("it is open", lambda: seat.app.picture.incidents)
    incident = next(iter(seat.app.picture.incidents))
    posts: list[PostView] = []
    for one in words:
        post = PostBody(
            kind="identified",
            words=one,
            title="" if posts else "Cable",
            thread=posts[0].thread if posts else None,
            incident=incident,
            monitors=("m",) if not posts else (),
        )
        posts.append(await seat.app.client.write_post(post))
    await seat.press("3")
    await seat.until("it is listed", lambda: seat.shown("state") == ["▼ open"])
    await opens(seat, "enter", IncidentPage)
    await seat.until("they are read", lambda: all(one in story(seat) for one in words))
    return posts


async def test_a_post_is_changed_and_what_was_left_alone_stays(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        posts = await written(seat, "A cable was cut.")
        await opens(seat, "e", FormScreen)
        text = seat.app.screen.query_one(TextArea)
        assert text.text == "A cable was cut."
        text.text = "Two cables were cut."
        await seat.pilot.pause()
        await opens(seat, "ctrl+s", IncidentPage)
        await seat.until("it is shown", lambda: "Two cables were cut." in story(seat))
        (now,) = (await seat.app.client.posts(thread=posts[0].thread)).posts
        assert (now.title, now.kind, now.monitors) == ("Cable", "identified", ("m",))
        assert now.at == posts[0].at


async def test_a_post_that_somebody_else_changed_meanwhile_is_not_overwritten(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        (post,) = await written(seat, "A cable was cut.")
        await opens(seat, "e", FormScreen)
        seat.app.screen.query_one(TextArea).text = "Two cables were cut."
        await seat.app.client.change_post(post.id, {"title": "Cables"})
        await opens(seat, "ctrl+s", AskScreen)
        assert (await seat.app.client.post(post.id)).value.words == "A cable was cut."
        await seat.press("enter")  # load it anew, and put my changes over it
        await seat.until("back", lambda: isinstance(seat.app.screen, FormScreen))
        form = seat.app.screen
        await seat.until("loaded", lambda: "Cables" in {x.value for x in form.query(Input)})
        assert form.query_one(TextArea).text == "Two cables were cut."
        await opens(seat, "ctrl+s", IncidentPage)
        now = (await seat.app.client.post(post.id)).value
        assert (now.title, now.words) == ("Cables", "Two cables were cut.")


async def test_of_several_posts_the_one_that_is_chosen_is_deleted(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await written(seat, "A cable was cut.", "It is mended.")
        await opens(seat, "d", PickScreen)
        await seat.type("mended")
        await opens(seat, "enter", ConfirmScreen)
        await seat.press("n")
        await seat.until("back", lambda: isinstance(seat.app.screen, IncidentPage))
        assert "It is mended." in story(seat)
        await opens(seat, "d", PickScreen)
        await seat.type("mended")
        await opens(seat, "enter", ConfirmScreen)
        await seat.press("y")
        await seat.until("back", lambda: isinstance(seat.app.screen, IncidentPage))
        await seat.until("it is gone", lambda: "It is mended." not in story(seat))
        assert "A cable was cut." in story(seat)
        await opens(seat, "d", ConfirmScreen)  # one is left: nothing to choose
        await seat.press("y")
        await seat.until("back", lambda: isinstance(seat.app.screen, IncidentPage))
        await seat.until("all are gone", lambda: "A cable was cut." not in story(seat))


async def test_a_post_that_was_changed_since_the_question_is_not_deleted(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        (post,) = await written(seat, "A cable was cut.")
        await opens(seat, "d", ConfirmScreen)
        await seat.app.client.change_post(post.id, {"words": "Two cables were cut."})
        await seat.press("y")
        await seat.until("it is told", lambda: list(seat.app._notifications))
        (notice,) = seat.app._notifications
        assert "was changed meanwhile" in notice.message
        assert (await seat.app.client.post(post.id)).value.words == "Two cables were cut."


async def test_a_viewer_is_not_offered_to_change_a_post(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="viewer") as seat:
        await seat.goes_down("p")
        await seat.until("it is open", lambda: seat.app.picture.incidents)
        body = {"kind": "identified", "words": "A cable.", "title": "Cable"}
        body["incident"] = next(iter(seat.app.picture.incidents))
        answer = await seat.desk.ask("POST", "/posts", body)
        assert answer.status_code == 201
        await seat.press("3")
        await seat.until("it is listed", lambda: seat.shown("state") == ["▼ open"])
        await opens(seat, "enter", IncidentPage)
        await seat.until("it is read", lambda: "A cable." in story(seat))
        await seat.press("e", "d")
        assert isinstance(seat.app.screen, IncidentPage)
