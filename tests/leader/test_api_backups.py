"""The configuration over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.leader.stage_memory import ADMIN, EDITOR
from tests.leader.stages import Stage, client
from uptop_core.checks.http import HttpCheck
from uptop_leader.channels import Channel
from uptop_leader.providers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio

_YAML = """
monitors:
  - {name: Shop, type: http, url: "https://shop.example.com", interval: 30}
"""
_WRONG = """
monitors:
  - {name: Shop, type: http, ulr: "https://shop.example.com"}
  - {name: Mail, type: port, hostname: mail.example.com, port: 70000}
"""


@pytest.fixture
def stage() -> Stage:
    """A leader with a monitor and a channel that hold secrets."""
    stage = Stage()
    stage.add("API", check=HttpCheck(url="https://api.example.com", bearer="hidden-bearer"))
    hook = Webhook(url="https://hooks.example.com/hidden-path")
    stage.channels["c1"] = Channel(id="c1", name="ops", provider=hook)
    return stage


@pytest.fixture
async def http(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's client."""
    async with client(stage, token=ADMIN) as opened:
        yield opened


@pytest.mark.parametrize("form", ["json", "yaml"])
async def test_an_export_masks_secrets_unless_it_is_told_not_to(
    http: httpx.AsyncClient, form: str
) -> None:
    masked = await http.get(f"/api/backup/export?format={form}")
    assert masked.status_code == 200
    assert "hidden" not in masked.text
    clear = await http.get(f"/api/backup/export?format={form}&redact_secrets=false")
    assert "hidden-bearer" in clear.text
    assert "hidden-path" in clear.text
    assert clear.headers["cache-control"] == "no-store"
    assert f"uptop-backup.{form}" in clear.headers["content-disposition"]


@pytest.mark.parametrize("query", ["format=xml", "redact_secrets=perhaps"])
async def test_an_export_in_no_known_way_is_a_400(http: httpx.AsyncClient, query: str) -> None:
    assert (await http.get(f"/api/backup/export?{query}")).status_code == 400


@pytest.mark.parametrize("redact", ["true", "false"])
@pytest.mark.parametrize("form", ["json", "yaml"])
async def test_an_export_imported_back_changes_nothing(
    stage: Stage, http: httpx.AsyncClient, form: str, redact: str
) -> None:
    text = (await http.get(f"/api/backup/export?format={form}&redact_secrets={redact}")).text
    answer = (await http.post("/api/backup/import", content=text)).json()
    assert (answer["ok"], answer["changed"], answer["version"]) == (True, False, None)
    assert stage.changes == []


async def test_an_import_adds_and_removes_nothing(stage: Stage, http: httpx.AsyncClient) -> None:
    answer = (await http.post("/api/backup/import", content=_YAML)).json()
    assert (answer["changed"], answer["version"]) == (True, 1)
    ((change, actor),) = stage.changes
    assert [monitor.name for monitor in change.put_monitors] == ["Shop"]
    assert change.drop_monitors == ()
    assert (actor.name, actor.source) == ("admin", "127.0.0.1")


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    answer = (await http.post("/api/v1/apply?dry_run=true&prune=true", content=_YAML)).json()
    assert (answer["changed"], answer["dry_run"], answer["version"]) == (True, True, None)
    assert "+ monitor Shop (http)" in answer["plan"]
    assert "- monitor API (http)" in answer["plan"]
    assert stage.changes == []


async def test_apply_takes_json_too(stage: Stage) -> None:
    document = {"monitors": yaml.safe_load(_YAML)["monitors"]}
    async with client(stage, token=EDITOR) as http:
        answer = (await http.post("/api/v1/apply", json=document)).json()
    assert answer["version"] == 1
    assert stage.changes[0][1].name == "editor"


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    response = await http.post("/api/v1/apply", content=_WRONG)
    assert response.status_code == 400
    problems = response.json()["problems"]
    assert {(problem["line"], problem["field"]) for problem in problems} >= {
        ("3", "monitors[0].ulr"),
        ("4", "monitors[1].port"),
    }
    assert stage.changes == []


async def test_a_document_from_the_network_cannot_read_the_environment(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    text = _YAML.replace("https://shop.example.com", "https://${PATH}")
    response = await http.post("/api/v1/apply", content=text)
    assert response.status_code == 400
    assert stage.changes == []


_KUMA = {
    "monitorList": [
        {"id": 1, "name": "Web", "type": "http", "url": "https://a.example.com"},
        {"id": 2, "name": "Broker", "type": "mqtt"},
    ]
}


async def test_a_backup_of_uptime_kuma_is_taken_and_what_is_left_out_is_told(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    told = "! monitor Broker (mqtt) is left out: uptop has no check of that kind"
    answer = (await http.post("/api/import/kuma?dry_run=true", json=_KUMA)).json()
    assert answer["plan"] == ["+ monitor Web (http)", "1 to add, 0 to change, 0 to remove", told]
    assert (answer["dry_run"], stage.changes) == (True, [])
    answer = (await http.post("/api/import/kuma", json=_KUMA)).json()
    assert (answer["changed"], answer["version"]) == (True, 1)
    assert stage.changes[0][0].drop_monitors == ()


@pytest.mark.parametrize("path", ["/api/backup/import", "/api/import/kuma"])
async def test_each_address_takes_its_own_format(http: httpx.AsyncClient, path: str) -> None:
    other = _YAML if path.endswith("kuma") else json.dumps(_KUMA)
    answer = await http.post(path, content=other)
    assert answer.status_code == 400
    assert "it looks like" in answer.json()["problems"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/backup/export"), ("POST", "/api/backup/import"), ("POST", "/api/import/kuma")],
)
async def test_backups_are_for_admins_and_the_cluster_secret(
    stage: Stage, method: str, path: str
) -> None:
    async with client(stage) as nobody, client(stage, token=EDITOR) as editor:
        assert (await nobody.request(method, path)).status_code == 401
        assert (await editor.request(method, path, json=_KUMA)).status_code == 403
