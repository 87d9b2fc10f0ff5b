"""Part of step 12: what every provider has in common. A provider is how a message reaches people.

A provider is one subclass in one file of `providers/`. Its fields are the settings of a channel, by
the names that people write.
"""

from __future__ import annotations

import re
import threading
from email.utils import getaddresses
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import unquote, urlsplit

import anyio
import msgspec
from anyio import to_thread
from msgspec import Struct

from uptop_core.errors import DeliveryError, Problem
from uptop_leader.messages import clip, one_line
from uptop_leader.post import Request, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

T = TypeVar("T")

THREADS = 32
_SAID_LIMIT = 160
_SHORTEST_PART = 4
# Threads end by themselves, not when their caller is cancelled; so what bounds them is counted in
# the thread, for the whole process.
_slots = threading.BoundedSemaphore(THREADS)


class Provider(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """How a message reaches people. The class's `tag` is the provider's name."""

    example: ClassVar[str] = ""
    """Settings that one might write, for the documents: YAML, as between the braces of an entry."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Settings, by the names people write, that are masked in views and exports."""
    idempotent: ClassVar[bool] = False
    """True where the receiver can tell by the message's key that it has it already."""
    digests: ClassVar[bool] = True
    """False where every message must arrive on its own."""
    keeps_alerts: ClassVar[bool] = False
    """True where a message opens something that stays open until it is closed."""
    quotes: ClassVar[bool] = True
    """Whether an error's text may quote what the service answered, without secrets."""

    @classmethod
    def kind(cls) -> str:
        """The name of the provider: the value of `type`."""
        return str(cls.__struct_config__.tag)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the settings, beyond the types; fields as people write them."""
        yield from ()

    async def send(self, message: Message, rendered: Rendered, http: Http) -> None:
        """Deliver once, or raise DeliveryError. Returning means that the service has taken it.

        The caller sets the deadline by cancelling; after that it cannot know whether the message
        went through.
        """
        raise NotImplementedError  # how to send, each provider says for itself

    async def post(self, http: Http, request: Request) -> None:
        """Send one HTTP request of this provider."""
        await post(http, request, self.scrub if self.quotes else None)

    def scrub(self, text: str) -> str:
        """`text` for people: one short line without URLs and without the secrets of the settings."""
        text = re.sub(r"\w+://\S+", "…", text)
        for secret in sorted(self._secret_parts(), key=len, reverse=True):
            text = text.replace(secret, "…")
        return clip(one_line(text), _SAID_LIMIT)

    def _secret_parts(self) -> set[str]:
        """Every value of a secret setting, and the parts of those that are URLs."""
        settings: dict[str, object] = msgspec.to_builtins(self)
        values: list[str] = []
        for name in self.secrets:
            value = settings.get(name)
            values += value.values() if isinstance(value, dict) else [str(value or "")]
        parts = {part for value in values for part in re.split(r"[/?&=#:@\s]+", value)}
        parts |= {unquote(part) for part in parts}
        return {part for part in parts if len(part) >= _SHORTEST_PART} | set(filter(None, values))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


async def in_thread(
    work: Callable[[], T], abort: Callable[[], None], slots: threading.Semaphore = _slots
) -> T:
    """Run blocking `work` in a thread; when cancelled, call `abort` and do not wait for it.

    Raises DeliveryError at once when too many threads hang already; trying later may work.
    """

    def counted() -> T:
        if not slots.acquire(blocking=False):
            raise DeliveryError("too many deliveries are waiting for services that do not answer")
        try:
            return work()
        finally:
            slots.release()

    try:
        return await to_thread.run_sync(
            counted, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
        )
    except anyio.get_cancelled_exc_class():
        abort()
        raise


def endpoint(start: str, path: str) -> str:
    """The URL `path` of a service at `start`; a start that ends with the path already is kept."""
    start = start.rstrip("/")
    return start if start.endswith(path) else start + path


def url_problems(field: str, url: str) -> Iterator[Problem]:
    """What is wrong with an http or https URL. The URL itself is not shown: it may be secret."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        yield Problem(field, "must be a URL that begins with http:// or https:// and names a host")


def word_problems(field: str, word: str) -> Iterator[Problem]:
    """What is wrong with a token or key: it is sent in headers and URLs, so it has no spaces."""
    if not re.fullmatch(r"[!-~]+", word):
        yield Problem(field, "must not be empty, and has no spaces and no characters beyond ASCII")


def address_problems(field: str, text: str) -> Iterator[Problem]:
    """What is wrong with comma-separated mail addresses."""
    pairs = getaddresses([text])
    if not text.isprintable() or not pairs:
        yield Problem(field, "must be a mail address, or several separated by commas")
        return
    for _, address in pairs:
        if not re.fullmatch(r"[!-?A-~]+@[0-9A-Za-z.\[\]:_-]+", address):
            yield Problem(field, f"has {address!r}, which is not a mail address")
