"""Errors to HTTP: one table, and problem+json (RFC 9457) for everything that is not a success."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.responses import Response

from uptop_core import errors
from uptop_core.wire import ErrorAnswer
from uptop_leader import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


class Kind(Struct, frozen=True):
    """How one kind of error is answered. Only where `told` do its words leave the program."""

    status: int
    code: str
    told: bool = True
    retry_after_s: float | None = None


# The one table. A subclass without a line of its own is answered as its parent is.
TABLE: dict[type[errors.UptopError], Kind] = {
    refusals.Unregistered: Kind(409, "unregistered"),
    refusals.InstanceConflict: Kind(409, "instance"),
    refusals.Behind: Kind(503, "behind", retry_after_s=5),
    refusals.StandingBy: Kind(503, "standing_by", retry_after_s=1),
    refusals.NotAuthenticated: Kind(401, "unauthorized"),
    refusals.NotAllowed: Kind(403, "forbidden"),
    refusals.NotThere: Kind(404, "not_found"),
    refusals.Changed: Kind(412, "changed"),
    refusals.Conflict: Kind(409, "conflict"),
    refusals.Unconditional: Kind(428, "unconditional"),
    refusals.BadRequest: Kind(400, "invalid"),
    refusals.TooLarge: Kind(413, "too_large"),
    refusals.UnknownEncoding: Kind(415, "encoding"),
    refusals.TooSlow: Kind(408, "too_slow"),
    refusals.TooMany: Kind(429, "too_many"),
    refusals.Refusal: Kind(400, "refused"),
    errors.InputError: Kind(400, "invalid"),
    errors.SettingError: Kind(500, "internal", told=False),
    errors.CheckFailed: Kind(500, "internal", told=False),
    errors.MissingExtra: Kind(501, "missing_extra"),
    errors.LeaderError: Kind(502, "leader"),
    errors.StoreError: Kind(503, "store", told=False, retry_after_s=5),
    errors.SealError: Kind(500, "sealed"),
    errors.DeliveryError: Kind(502, "not_delivered"),
}

_HTTP_CODES = {404: "no_address", 405: "method", 431: "headers"}


def kind_of(error: errors.UptopError) -> Kind | None:
    """The line of the table for an error: its own, or its nearest parent's."""
    return next((TABLE[base] for base in type(error).__mro__ if base in TABLE), None)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    problems: tuple[errors.Problem, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that says in words and in a stable `code` why there is no other."""
    answer = ErrorAnswer(
        status=status,
        title=HTTPStatus(status).phrase,
        detail=detail,
        code=code,
        problems=tuple(_fields(item) for item in problems),
    )
    return Response(
        msgspec.json.encode(answer),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


def from_error(error: errors.UptopError) -> Response:
    """The answer to an error of ours; one that the table does not know is a 500 without words."""
    kind = kind_of(error)
    if kind is None:
        return internal()
    return problem(
        kind.status,
        kind.code,
        str(error) if kind.told else _UNTOLD.get(kind.status, ""),
        problems=_problems(error),
        headers=_headers(error, kind),
    )


def internal() -> Response:
    """The answer to a bug: what it was stands in the log, not here."""
    return problem(500, "internal", _UNTOLD[500])


async def answer_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """The handler of our own errors."""
    return from_error(error) if isinstance(error, errors.UptopError) else internal()


async def answer_http(request: Request, error: Exception) -> Response:
    """The handler of the router's errors: no such address, no such method."""
    if not isinstance(error, HTTPException):
        return internal()
    status = error.status_code
    detail = error.detail
    if status == HTTPStatus.NOT_FOUND:
        detail = "nothing is at this address"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        detail = f"{request.method} is not taken here" + (f", only {allowed}" if allowed else "")
    return problem(status, _HTTP_CODES.get(status, "refused"), detail, headers=error.headers)


_UNTOLD = {
    500: "the leader has a fault of its own; its log says more",
    503: "the store cannot be used just now; the log says more",
}


def _problems(error: errors.UptopError) -> tuple[errors.Problem, ...]:
    if isinstance(error, refusals.BadRequest):
        return (errors.Problem(error.field, error.message),)
    return error.problems if isinstance(error, errors.InputError) else ()


def _fields(item: errors.Problem) -> dict[str, str]:
    fields = {"field": item.field, "message": item.message}
    return fields if item.line is None else {**fields, "line": str(item.line)}


def _headers(error: errors.UptopError, kind: Kind) -> dict[str, str]:
    headers: dict[str, str] = {}
    seconds = getattr(error, "retry_after_s", None) or kind.retry_after_s
    if seconds is not None:
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    if isinstance(error, refusals.NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, refusals.UnknownEncoding):
        headers["Accept-Encoding"] = "gzip"
    return headers
