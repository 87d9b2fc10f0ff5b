"""Errors to HTTP: none is missing, none tells what it should not."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import msgspec
import pytest

import uptop_core
import uptop_leader
from tests.leader.stages import SECRET, Stage, client
from uptop_core.errors import ConfigError, Problem, StoreError, UptopError
from uptop_core.wire import ErrorAnswer
from uptop_leader import refusals
from uptop_leader.api.problems import TABLE, from_error

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio

_SERVED = ("uptop_core.", "uptop_leader.")
# Never behind an endpoint: commands, the demo, and migrations, which only run inside Alembic.
_ELSEWHERE = tuple(
    f"uptop_leader.{name}" for name in ("__main__", "cli", "demo", "store.migrations")
)


def _tree(root: type[UptopError]) -> Iterator[type[UptopError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)


def _is_served(module: str) -> bool:
    return module.startswith(_SERVED) and not module.startswith(_ELSEWHERE)


def _import_all() -> None:
    for package in (uptop_core, uptop_leader):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(_ELSEWHERE):
                importlib.import_module(module.name)


def test_every_error_of_the_tree_has_an_answer() -> None:
    _import_all()
    ours = [error for error in _tree(UptopError) if _is_served(error.__module__)]
    missing = [error.__name__ for error in ours if not TABLE.keys() & set(error.__mro__)]
    assert missing == []
    assert len(ours) > 15


def test_every_refusal_stands_in_the_table_and_in_the_drawing() -> None:
    branch = list(_tree(refusals.Refusal))
    assert [error.__name__ for error in branch if error not in TABLE] == []
    drawing = refusals.__doc__ or ""
    assert [error.__name__ for error in branch if f" {error.__name__} " not in drawing] == []


def test_an_error_answers_with_its_words_and_a_stable_code() -> None:
    response = from_error(refusals.Unregistered("n1"))
    answer = msgspec.json.decode(response.body, type=ErrorAnswer)
    assert (response.status_code, answer.code) == (409, "unregistered")
    assert answer.detail == "node 'n1' is not registered: register first"
    assert response.headers["content-type"] == "application/problem+json"


def test_wrong_input_lists_every_problem_with_field_and_line() -> None:
    error = ConfigError([Problem("port", "must be at most 65535", 3), Problem("name", "is needed")])
    answer = msgspec.json.decode(from_error(error).body, type=ErrorAnswer)
    assert answer.status == 400
    assert answer.problems == (
        {"field": "port", "message": "must be at most 65535", "line": "3"},
        {"field": "name", "message": "is needed"},
    )


def test_what_the_database_says_stays_inside() -> None:
    response = from_error(StoreError("no such table: secrets"))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert b"secrets" not in response.body


def test_a_busy_leader_says_when_to_come_again() -> None:
    response = from_error(refusals.Behind("the queue is full", 7.2))
    assert (response.status_code, response.headers["retry-after"]) == (503, "8")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/health", 405), ("GET", "/api/probe/results", 405)],
)
async def test_every_wrong_address_or_method_is_answered_as_a_problem(
    method: str, path: str, status: int
) -> None:
    async with client(Stage(), secret=SECRET) as http:
        response = await http.request(method, path)
    answer = msgspec.json.decode(response.content, type=ErrorAnswer)
    assert response.status_code == answer.status == status
    assert answer.detail
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_names_those_that_are_taken() -> None:
    async with client(Stage(), secret=SECRET) as http:
        response = await http.get("/api/probe/results")
    assert response.headers["allow"] == "POST"
    assert response.json()["detail"] == "GET is not taken here, only POST"
