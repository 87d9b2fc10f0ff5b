"""A page that was made, as browsers are sent it: with its ETag, and packed for who takes it so."""

from __future__ import annotations

import gzip
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from uptop_leader.pages.moments import in_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

HTML = "text/html; charset=utf-8"
_SMALL = 1400  # bytes that go in one packet anyway
_FAST = 1
_ZONES = 8  # that a page is written in, beside its own


class Rendered:
    """A text, as gzip too where it is long, with its ETag: of what is sent to nearly everybody, since
    that is a tenth as much to read.
    """

    def __init__(self, text: str | bytes, media_type: str = HTML) -> None:
        self.body = text.encode() if isinstance(text, str) else text
        is_long = len(self.body) > _SMALL
        self.packed = gzip.compress(self.body, _FAST, mtime=0) if is_long else b""
        self.etag = f'"{hashlib.sha256(self.packed or self.body).hexdigest()[:24]}"'
        self._media_type = media_type
        self._zones: dict[str, Rendered] = {}

    def in_zone(self, zone_name: str) -> Rendered:
        """The page with its moments in another time zone. A page is soon made anew, and in so many
        zones at most: whoever wants yet another one gets it in its own, which stands there, so that
        to ask for all zones there are costs no more than to ask for a few.
        """
        found = self._zones.get(zone_name)
        if found is None and len(self._zones) >= _ZONES:
            return self
        if found is None:
            found = Rendered(in_zone(self.body.decode(), zone_name), self._media_type)
            self._zones[zone_name] = found
        return found

    def answer(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The page, or 304 for who has it."""
        told = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", **headers}
        told["ETag"] = self.etag
        asked = request.headers.get("if-none-match", "")
        if self.etag in {part.strip().removeprefix("W/") for part in asked.split(",")}:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=told)
        body = self.body
        if self.packed and "gzip" in request.headers.get("accept-encoding", ""):
            body = self.packed
            told["Content-Encoding"] = "gzip"
        return Response(body, headers=told, media_type=self._media_type)
