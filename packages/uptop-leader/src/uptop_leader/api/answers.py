"""What handlers share: flags of a query, JSON answers with the headers that caches need."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def json_answer(
    value: object, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON, not to be kept by anybody between."""
    return Response(
        msgspec.json.encode(value),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def tagged(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`body` with an ETag of its content; 304 when the asker already has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    all_headers = {"Cache-Control": "private, no-cache", **(headers or {}), "ETag": etag}
    known = {part.strip().removeprefix("W/") for part in _if_none_match(request).split(",")}
    if etag in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=all_headers)
    return Response(body, headers=all_headers, media_type=media_type)


def flag(request: Request, name: str, *, default: bool) -> bool:
    """A yes-or-no of the query; BadRequest for any other word."""
    written = request.query_params.get(name, str(default).lower())
    if written not in ("true", "false", "1", "0"):
        raise BadRequest(name, "must be true or false")
    return written in ("true", "1")


def _if_none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")
