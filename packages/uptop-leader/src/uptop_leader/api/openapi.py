"""The OpenAPI 3.1 document of `/api/v1` and of backups, made of the endpoints and the models they speak in."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from importlib import metadata
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from uptop_core.wire import ErrorAnswer
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.schemas import REF, Schema, answer_schemas, body_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ABOUT = """The API of an uptop leader. Every request carries `Authorization: Bearer <token>`. Errors are
problem+json (RFC 9457) with a stable `code`. Lists come in pages (`limit`, `cursor`, `next`).
Everything that can be changed has an ETag: sent in `If-Match`, it has a change refused if somebody
else was faster. Times are Unix milliseconds UTC."""


def document(endpoints: Sequence[Endpoint]) -> Schema:
    """The whole document."""
    answers = {one.answer for one in endpoints if one.answer is not None and not one.stream}
    bodies = {one.body for one in endpoints if one.body is not None}
    schemas = answer_schemas([*answers, ErrorAnswer]) | body_schemas(bodies)
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint)
        paths.setdefault(endpoint.prefix + endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "uptop",
            "version": metadata.version("uptop-leader"),
            "description": " ".join(_ABOUT.split()),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: Endpoint) -> Schema:
    operation: Schema = {
        "operationId": _name(endpoint),
        "summary": endpoint.summary,
        "description": f"{_words(endpoint)}\n\nNeeds the role {endpoint.role.name.lower()}.",
        "tags": [endpoint.topic],
        "responses": dict(_responses(endpoint)),
    }
    if parameters := list(_parameters(endpoint)):
        operation["parameters"] = parameters
    if endpoint.document or endpoint.body is not None:
        operation["requestBody"] = _request_body(endpoint)
    return operation


def _name(endpoint: Endpoint) -> str:
    parts = [part for part in endpoint.path.split("/") if part]
    return "_".join(
        [endpoint.method.lower(), *(part.strip("{}").replace(".", "_") for part in parts)]
    )


def _words(endpoint: Endpoint) -> str:
    return " ".join((inspect.getdoc(endpoint.run) or "").split())


def _parameters(endpoint: Endpoint) -> Iterator[Schema]:
    for part in endpoint.path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if endpoint.query is not None:
        yield from _query(endpoint.query)
    if endpoint.tagged and endpoint.method == "GET":
        yield _header("If-None-Match", "the ETag of what is at hand: 304 if it is still so")
    if endpoint.conditional:
        yield _header("If-Match", "the ETag of what is to be changed, or * for any")


def _header(name: str, words: str) -> Schema:
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


def _query(kind: type[Struct]) -> Iterator[Schema]:
    _, found = msgspec.json.schema_components([kind], ref_template=REF)
    for name, schema in found[kind.__name__]["properties"].items():
        words = schema.pop("description", "")
        choices = [one for one in schema.pop("anyOf", ()) if one.get("type") != "null"]
        plain = {**(choices[0] if choices else {}), **schema}
        if plain.get("default") in (None, "", []):
            plain.pop("default", None)
        parameter = {"name": name, "in": "query", "schema": plain}
        yield {**parameter, "description": words} if words else parameter


def _request_body(endpoint: Endpoint) -> Schema:
    schema: Schema = {"type": "string"}
    if endpoint.body is not None:
        is_patch = endpoint.method == "PATCH" and endpoint.as_sent
        ref = {"$ref": REF.format(name=endpoint.body.__name__)}
        schema = {"type": "object", "description": f"part of {ref['$ref']}"} if is_patch else ref
    content = {media: {"schema": schema} for media in endpoint.media}
    return {"required": not endpoint.optional_body, "content": content}


def _responses(endpoint: Endpoint) -> Iterator[tuple[str, Schema]]:
    yield str(endpoint.status), _success(endpoint)
    for status in sorted(set(_refusals(endpoint))):
        phrase = HTTPStatus(status).phrase
        if status == HTTPStatus.NOT_MODIFIED:
            yield str(status), {"description": phrase}
            continue
        schema = {"$ref": REF.format(name=ErrorAnswer.__name__)}
        content = {"application/problem+json": {"schema": schema}}
        yield str(status), {"description": phrase, "content": content}


def _success(endpoint: Endpoint) -> Schema:
    success: Schema = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.tagged:
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "required": True}}
    if endpoint.stream:
        success["content"] = {endpoint.stream: {"schema": {"type": "string"}}}
    elif isinstance(endpoint.answer, type) and issubclass(endpoint.answer, Struct):
        schema: Schema = {"$ref": REF.format(name=endpoint.answer.__name__)}
        success["content"] = {"application/json": {"schema": schema}}
    elif endpoint.answer is not None:
        schema = {"type": "object"}
        success["content"] = {media: {"schema": schema} for media in endpoint.answer_media}
    return success


def _refusals(endpoint: Endpoint) -> Iterable[int]:
    """What an endpoint of this form may answer instead."""
    yield from (400, 401, 403, 429, 503)
    yield from endpoint.refuses
    if "{" in endpoint.path:
        yield 404
    if endpoint.tagged and endpoint.method == "GET":
        yield 304
    if endpoint.conditional:
        yield 412
    if endpoint.body is not None or endpoint.document:
        yield from (408, 413, 415)


class OpenApi:
    """`/api/v1/openapi.json`, made once, when first asked. It is open: it says nothing of anybody."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._body = b""

    @property
    def body(self) -> bytes:
        """The document as JSON."""
        if not self._body:
            made: dict[str, Any] = document(self._endpoints)
            self._body = msgspec.json.encode(made)
        return self._body
