"""What the OpenAPI document promises is kept, whatever is sent: schemathesis against a real leader."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as promises

from tests.leader.running import TOKEN, Running
from tests.leader.stages import Stage, described

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKS = (
    checks.not_a_server_error,
    promises.status_code_conformance,
    promises.content_type_conformance,
    promises.response_headers_conformance,
    promises.response_schema_conformance,
    promises.unsupported_method,
    promises.ignored_auth,
)

_ADDRESSES = count(1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("leader")) as running:
        yield running


schema = schemathesis.openapi.from_dict(described(Stage())).exclude(
    path="/api/v1/events"  # it never ends
)


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_was_promised(
    case: schemathesis.Case[Any], running: Running
) -> None:
    asked = (case.path_parameters or {}).get("id")
    if isinstance(asked, str) and len(asked) % 2 and case.method != "DELETE":
        known = running.known.get(case.path.split("/")[3])  # so that not all is a 404
        case.path_parameters["id"] = known or asked
    # From an address of its own each: who guesses too often is told 429 instead of 401.
    address = str(IPv4Address("10.0.0.0") + next(_ADDRESSES))
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": address}
    case.call_and_validate(base_url=running.url, headers=headers, checks=list(_CHECKS))
