"""apprise: a hundred other services, by the URL that the library Apprise has for each.

The library is imported when a channel uses it: it is large. It blocks, so it runs in a thread, and
it only says whether it worked, not why. What it logs is dropped: there are whole URLs in it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from uptop_core.errors import DeliveryError, Problem
from uptop_leader.messages import CLOSING, URGENT
from uptop_leader.provider import Provider, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http


class Apprise(Provider, tag="apprise", frozen=True, kw_only=True, omit_defaults=True):
    """Sends to one Apprise `url`, such as `mailto://…`, `matrix://…` or `msteams://…`. A URL that names
    a file or another URL to read from (`template=`, `keyfile=`) is not taken.
    """

    example: ClassVar[str] = 'url: "rockets://uptop:${ROCKET_PASSWORD}@chat.example.com/#ops"'

    secrets: ClassVar[tuple[str, ...]] = ("url",)

    url: str

    def problems(self) -> Iterator[Problem]:
        """A URL that Apprise does not know."""
        try:
            known = _target(self.url) is not None
        except Exception as error:  # noqa: BLE001  a hundred plugins, each with errors of its own
            yield Problem("url", f"cannot be used: Apprise failed with {type(error).__name__}")
            return
        if not known:
            yield Problem("url", "is not a URL that Apprise knows; see https://appriseit.com")

    async def send(
        self,
        message: Message,
        rendered: Rendered,
        http: Http,  # noqa: ARG002  every provider's signature
    ) -> None:
        """One notification. A thread that is left alone ends by the library's own timeouts."""
        level = "failure" if message.event in URGENT else "warning"
        level = "success" if message.event in CLOSING else level
        await in_thread(lambda: _notify(self.url, rendered, level), _leave)


def _notify(url: str, rendered: Rendered, level: str) -> None:
    body = rendered.body or rendered.title
    try:
        target = _target(url)
        taken = target and target.notify(body, rendered.title, level, body_format="text")
    except Exception as error:  # noqa: BLE001  a hundred plugins, each with errors of its own
        raise DeliveryError(f"the Apprise plugin failed: {type(error).__name__}") from None
    if target is None:
        raise DeliveryError("the URL is not one that Apprise knows", permanent=True)
    if not taken:
        raise DeliveryError("the service did not take it, or did not answer")


def _target(url: str) -> Any:
    """The library's object for `url`, or None when it knows none."""
    import apprise
    from apprise.manager_attachment import AttachmentManager

    # What is read is sent, to where the URL says: who may edit a channel must not come to know the
    # files of this machine by it, nor what its network says to it.
    manager: Any = AttachmentManager
    readers = manager()
    for schema in tuple(readers.schemas()):
        readers.remove(schema)
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(app_id="uptop", app_desc="uptop", async_mode=False)
    target = apprise.Apprise(asset=asset)
    return target if target.add(url) else None


def _leave() -> None:
    """Nothing can be ended from outside here."""
