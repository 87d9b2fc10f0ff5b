"""How the leader's API (`/api/v1`) is asked by people's programs: paths, pages, bodies and ETags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from uptop_core.plain_exchange import PlainExchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

T = TypeVar("T")

PREFIX = "/api/v1"


class ApiExchange(PlainExchange):
    """Paths are below `PREFIX`. Raises as `PlainExchange` does."""

    async def _get(self, path: str, into: type[T], **query: str) -> T:
        return await self.get_json(f"{PREFIX}{path}", into, query or None)

    async def _pages(
        self, path: str, into: type[T], filters: Mapping[str, str | Iterable[str]]
    ) -> AsyncIterator[T]:
        params: dict[str, Any] = {
            name: value if isinstance(value, str) else list(value)
            for name, value in filters.items()
        }
        while True:
            page = await self.get_json(f"{PREFIX}{path}", into, params)
            yield page
            cursor = getattr(page, "next", None)
            if cursor is None:
                return
            params = {**params, "cursor": cursor}

    async def _send(self, method: str, path: str, body: object, into: type[T], etag: str = "") -> T:
        headers = {"Content-Type": "application/json", **({"If-Match": etag} if etag else {})}
        content = msgspec.json.encode(body)
        answer = await self._ask(method, f"{PREFIX}{path}", headers=headers, content=content)
        return self._read(answer, into)

    async def _drop(self, path: str, etag: str = "") -> None:
        headers = {"If-Match": etag} if etag else {}
        answer = await self._ask("DELETE", f"{PREFIX}{path}", headers=headers)
        if answer.status != 204:
            raise self._failure(answer)


def part(name: str) -> str:
    """An id as a part of a path."""
    return quote(name, safe="")
