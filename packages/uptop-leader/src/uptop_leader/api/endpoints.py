"""What an endpoint is, of `/api/v1` or beside it, as data: who may ask what, with which query and body, and what is
answered. The router and the OpenAPI document are both made of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, inspect
from starlette.responses import Response
from starlette.routing import Route

from uptop_core.strict import build
from uptop_leader.api.access import Role
from uptop_leader.api.bodies import decoded, problem_of, read_body
from uptop_leader.configuration import Actor
from uptop_leader.declared.faults import unknown
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from uptop_leader.api.access import Access, Caller

PREFIX = "/api/v1"
BODY_LIMIT = 1024 * 1024
_decode = msgspec.json.Decoder().decode


class Call(Struct, frozen=True):
    """One request to an endpoint: who asks, and what was read of query and body."""

    request: Request
    caller: Caller
    actor: Actor
    query: Any = None
    body: Any = None

    def part(self, name: str) -> str:
        """A part of the path, such as `id`."""
        return str(self.request.path_params[name])


class Endpoint(Struct, frozen=True, kw_only=True):
    """One method at one path. `query` is a struct of the parameters that it knows; `body` says what
    is sent: with `as_sent` its fields reach `run` as they are, for `run` to read. `tagged` says that
    the answer has an ETag, `conditional` that `If-Match` is heeded. `answer` None means no content.
    """

    method: str
    path: str
    run: Callable[[Call], Awaitable[Response]]
    summary: str
    topic: str
    prefix: str = PREFIX
    role: Role = Role.VIEWER
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    as_sent: bool = False
    optional_body: bool = False
    media: tuple[str, ...] = ("application/json",)
    answer: Any = None
    answer_media: tuple[str, ...] = ("application/json",)
    status: int = 200
    document: bool = False
    """Whether `run` reads the body itself, as a document of the `media`."""
    stream: str = ""
    """The media type of an answer that does not end."""
    tagged: bool = False
    conditional: bool = False
    refuses: tuple[int, ...] = ()
    """Statuses beyond those that any endpoint of its form may answer with."""


def routes(endpoints: Iterable[Endpoint], access: Access) -> list[Route]:
    """A route for each path, which knows all its methods."""
    by_path: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for endpoint in endpoints:
        by_path[endpoint.prefix + endpoint.path][endpoint.method] = endpoint
    return [
        Route(path, _handler(methods, access), methods=list(methods))
        for path, methods in by_path.items()
    ]


def _handler(
    methods: dict[str, Endpoint], access: Access
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        endpoint = methods["GET" if request.method == "HEAD" else request.method]
        caller = await access.person(request, endpoint.role)
        if endpoint.stream and request.method == "HEAD":
            return Response(headers={"Cache-Control": "no-store"}, media_type=endpoint.stream)
        query = None
        if endpoint.query is not None:
            query = read_query(request.query_params, endpoint.query)
        elif request.query_params:
            raise BadRequest(next(iter(request.query_params)), "nothing is asked in the query here")
        body = await _body(request, endpoint) if endpoint.body is not None else None
        actor = Actor(name=caller.name, source=access.seen_from(request))
        return await endpoint.run(Call(request, caller, actor, query, body))

    return handle


async def _body(request: Request, endpoint: Endpoint) -> Any:
    """The body as the endpoint wants it. Raises BadRequest, ConfigError."""
    content = await read_body(request, BODY_LIMIT)
    if not content and endpoint.optional_body:
        content = b"{}"
    sent = decoded(content, _decode)
    if not isinstance(sent, dict):
        raise BadRequest("", "the body must be a JSON object")
    return sent if endpoint.as_sent else build(endpoint.body or Struct, sent)


def read_query(params: QueryParams, kind: type[Struct]) -> Any:
    """The parameters of a query as `kind` has them; one whose field holds several may stand several
    times. Raises BadRequest.
    """
    fields = {field.encode_name: field for field in _fields(kind)}
    values: dict[str, Any] = {}
    for name in params:
        if name not in fields:
            raise BadRequest(name, unknown("parameter", name, fields))
        several = isinstance(fields[name].type, inspect.VarTupleType)
        written = params.getlist(name)
        if not several and len(written) > 1:
            raise BadRequest(name, "stands more than once")
        values[name] = written if several else written[0]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(*problem_of(str(error))) from None


def _fields(kind: type[Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101  it was given as one
    return described.fields
