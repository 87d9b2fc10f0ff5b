"""The OpenAPI document and the kinds: made of the same models that are read and answered."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from starlette.routing import Route

from tests.leader.stage_memory import VIEWER
from tests.leader.stages import Stage, app_of, client
from uptop_core.kinds import KINDS
from uptop_core.verdicts import strategies
from uptop_leader.provider_kinds import PROVIDERS

pytestmark = pytest.mark.anyio


_DESCRIBED = ("/api/v1/", "/api/backup/", "/api/import/")


async def _document() -> dict[str, Any]:
    async with client(Stage()) as http:
        answer = await http.get("/api/v1/openapi.json")
        assert answer.status_code == 200, "it is open"
        found: dict[str, Any] = answer.json()
        return found


async def _kinds() -> dict[str, Any]:
    async with client(Stage(), token=VIEWER) as http:
        found: dict[str, Any] = (await http.get("/api/v1/kinds")).json()
        return found


async def test_every_route_is_in_the_document_with_all_its_methods() -> None:
    described = (await _document())["paths"]
    served = {
        route.path: {method.lower() for method in route.methods or ()} - {"head"}
        for route in app_of(Stage()).routes
        if isinstance(route, Route) and route.path.startswith(_DESCRIBED)
    }
    served.pop("/api/v1/openapi.json")
    assert {path: set(methods) for path, methods in described.items()} == served


async def test_every_reference_leads_somewhere_and_names_are_unique() -> None:
    document = await _document()
    names: list[str] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(ref := part.get("$ref"), str):
                assert ref.rpartition("/")[2] in document["components"]["schemas"], ref
            if "operationId" in part:
                names.append(part["operationId"])
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(document)
    assert len(names) == len(set(names)) > 40


async def test_every_kind_tells_its_schema() -> None:
    kinds = await _kinds()
    assert {kind["name"] for kind in kinds["checks"]} == set(KINDS)
    assert {kind["name"] for kind in kinds["providers"]} == set(PROVIDERS)
    assert {kind["name"] for kind in kinds["strategies"]} == set(strategies())
    for kind in (*kinds["checks"], *kinds["providers"]):
        assert jsonschema_rs.meta.is_valid(kind["schema"])
        assert kind["about"]
        assert set(kind["secrets"]) <= set(kind["schema"]["properties"])


async def test_the_schema_of_a_monitor_takes_what_the_api_takes_and_refuses_what_it_refuses() -> (
    None
):
    kinds = await _kinds()
    check = {"type": "port", "hostname": "db.example.com", "port": 5432}
    monitor = jsonschema_rs.validator_for(kinds["monitor"])
    assert monitor.is_valid({"name": "DB", "check": check, "interval": 30})
    for wrong in (
        {"check": check},
        {"name": "DB", "check": check, "tmeout": 1},
        {"name": "DB", "check": {**check, "port": 0}},
        {"name": "DB", "check": {"type": "prot"}},
        {"id": "x", "name": "DB", "check": check},
    ):
        assert not monitor.is_valid(wrong), wrong
    channel = jsonschema_rs.validator_for(kinds["channel"])
    ntfy = {"type": "ntfy", "url": "https://ntfy.example.com", "topic": "ops"}
    assert channel.is_valid({"name": "x", "provider": ntfy})
    assert not channel.is_valid({"name": "x", "provider": {**ntfy, "topc": "ops"}})


async def test_secrets_are_drawn_as_passwords() -> None:
    kinds = await _kinds()
    (http,) = [kind for kind in kinds["checks"] if kind["name"] == "http"]
    assert http["schema"]["properties"]["password"]["format"] == "password"
    assert "bearer" in http["secrets"]
