"""Creating, reading, changing and removing what people set up, over the API; on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.desks import at_the_desk, problems
from tests.leader.helms import api, hook
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_leader.maintenance import Maintenance

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.anyio

_HTTP = {"type": "http", "url": "https://shop.example.com/"}
_SHOP = {"name": "Shop", "check": _HTTP, "interval": 30.0, "channels": ["c"]}
_OPS = {"name": "Ops", "provider": {"type": "webhook", "url": "https://hooks.example.com/x"}}


async def test_a_monitor_is_added_and_watched_at_once(address: Address) -> None:
    async with at_the_desk(address, hook()) as desk:
        added = await desk.ask("POST", "/monitors", _SHOP)
        assert added.status_code == 201, added.text
        saved = added.json()
        assert added.headers["location"] == f"/api/v1/monitors/{saved['id']}"
        shown = await desk.ask("GET", f"/monitors/{saved['id']}")
        assert shown.json()["settings"] == saved["settings"] == _SHOP
        assert (shown.json()["status"], shown.json()["interval"]) == ("PENDING", 30.0)
        assert desk.helm.world.monitors[saved["id"]].name == "Shop"
        assert ("editor", "monitor added", "Shop") in await desk.logged()


async def test_all_that_is_wrong_is_told_each_at_its_field(address: Address) -> None:
    async with at_the_desk(address, api()) as desk:
        wrong = {
            "name": "m",
            "check": {"type": "http", "url": "ftp://x", "pasword": "x"},
            "interval": 0,
            "tmeout": 3,
        }
        told = problems(await desk.ask("POST", "/monitors", wrong))
        assert set(told) == {"check.url", "check.pasword", "interval", "tmeout"}
        assert "did you mean 'timeout'" in told["tmeout"]
        again = {"name": "m", "check": _HTTP, "channels": ["nobody"]}
        told = problems(await desk.ask("POST", "/monitors", again))
        assert set(told) == {"name", "channels"}
        told = problems(await desk.ask("POST", "/monitors", {**_SHOP, "timeout": 31.0}))
        assert "at most the interval" in told["timeout"]
        assert problems(await desk.ask("POST", "/monitors", {"name": "x"})) == {
            "check": "is required"
        }
        assert len((await desk.get("/monitors"))["monitors"]) == 1


async def test_a_lost_update_is_refused(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        first = await desk.ask("GET", "/monitors/m")
        etag, settings = first.headers["etag"], first.json()["settings"]
        mine = {**settings, "interval": 120.0}
        assert (await desk.ask("PUT", "/monitors/m", mine)).status_code == 428
        done = await desk.ask("PUT", "/monitors/m", mine, If_Match=etag)
        assert done.status_code == 200
        late = await desk.ask("PUT", "/monitors/m", settings, If_Match=etag)
        assert (late.status_code, late.json()["code"]) == (412, "changed")
        late = await desk.ask("DELETE", "/monitors/m", If_Match=etag)
        assert late.status_code == 412
        assert desk.helm.world.monitors["m"].interval == 120.0
        new = done.headers["etag"]
        again = await desk.ask("PATCH", "/monitors/m", {"interval": 90.0}, If_Match=new)
        assert again.status_code == 200
        forced = await desk.ask("PUT", "/monitors/m", settings, If_Match="*")
        assert forced.json()["settings"] == settings


async def test_a_vote_does_not_stand_in_the_way_of_an_edit(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        await desk.helm.register("p")
        before = await desk.ask("GET", "/monitors/m")
        etag = before.headers["etag"]
        assert (await desk.ask("GET", "/monitors/m", If_None_Match=etag)).status_code == 304
        await desk.helm.sees("p")
        assert (await desk.ask("GET", "/monitors/m", If_None_Match=etag)).status_code == 200
        patched = await desk.ask("PATCH", "/monitors/m", {"tags": ["web"]}, If_Match=etag)
        assert patched.status_code == 200


async def test_a_patch_changes_what_it_names_and_null_takes_away(address: Address) -> None:
    async with at_the_desk(address, api(interval=30.0, tags=("a",)), hook()) as desk:
        patch: dict[str, Any] = {"name": "Shop", "tags": None, "check": {"method": "HEAD"}}
        settings = (await desk.ask("PATCH", "/monitors/m", patch)).json()["settings"]
        assert (settings["name"], settings["interval"]) == ("Shop", 30.0)
        assert "tags" not in settings
        assert settings["check"] == {
            "type": "http",
            "url": "https://m.example.com",
            "method": "HEAD",
        }
        port = {"check": {"type": "port", "hostname": "db.example.com", "port": 5432}}
        changed = (await desk.ask("PATCH", "/monitors/m", port)).json()["settings"]
        assert changed["check"] == port["check"]


async def test_secrets_are_masked_kept_and_never_sent_elsewhere(address: Address) -> None:
    check = HttpCheck(url="https://m.example.com", bearer="very-secret")
    async with at_the_desk(address, api(check=check), hook()) as desk:
        shown = await desk.ask("GET", "/monitors/m")
        assert "very-secret" not in shown.text
        settings = shown.json()["settings"]
        assert settings["check"]["bearer"] == "***"
        etag = shown.headers["etag"]
        kept = await desk.ask("PUT", "/monitors/m", {**settings, "interval": 9.0}, If_Match=etag)
        assert kept.status_code == 200
        stored = desk.helm.world.monitors["m"].check
        assert isinstance(stored, HttpCheck)
        assert stored.bearer == "very-secret"
        elsewhere = {"check": {"url": "https://evil.example.com"}}
        told = problems(await desk.ask("PATCH", "/monitors/m", elsewhere))
        assert set(told) == {"check.bearer"}
        assert "settings" in await desk.get("/monitors/m", "viewer")
        assert (await desk.get("/monitors/m", "viewer"))["settings"] is None


async def test_a_push_monitor_gets_a_token_that_is_masked(address: Address) -> None:
    async with at_the_desk(address) as desk:
        body = {"name": "Backup", "check": {"type": "push"}, "interval": 86_400.0}
        saved = (await desk.ask("POST", "/monitors", body)).json()
        assert saved["settings"]["check"]["token"] == "***"
        assert saved["id"] in desk.helm.world.push_tokens.values()


async def test_what_others_refer_to_is_not_removed(address: Address) -> None:
    group, member = api("g", check=GroupCheck(), channels=()), api("m", parent="g")
    async with at_the_desk(address, group, member, hook()) as desk:
        for path in ("/monitors/g", "/channels/c"):
            refused = await desk.ask("DELETE", path)
            assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
            told = refused.json()["detail"]
            assert told.startswith(("the monitor 'g' cannot", "the channel 'c' cannot")), told
            assert "the monitor 'm' " in told
            assert told.endswith("; first take it out there, or remove what refers to it")
        assert (await desk.ask("DELETE", "/monitors/m")).status_code == 204
        assert (await desk.ask("DELETE", "/monitors/g")).status_code == 204
        assert (await desk.ask("DELETE", "/monitors/g")).status_code == 404
        assert (await desk.ask("DELETE", "/channels/c")).status_code == 204
        assert not desk.helm.world.monitors
        assert not desk.helm.world.channels


async def test_a_channel_is_added_changed_and_removed(address: Address) -> None:
    async with at_the_desk(address) as desk:
        saved = (await desk.ask("POST", "/channels", _OPS)).json()
        path = f"/channels/{saved['id']}"
        assert saved["settings"]["provider"] == {"type": "webhook", "url": "***"}
        patched = await desk.ask(
            "PATCH", path, {"title": "{monitor}", "provider": {"method": "PUT"}}
        )
        assert patched.status_code == 200, patched.text
        assert desk.helm.world.channels[saved["id"]].provider.url.endswith("/x")  # type: ignore[attr-defined]
        shown = await desk.ask("GET", path)
        assert "hooks.example.com" not in shown.text
        told = problems(await desk.ask("POST", "/channels", {"name": "x", "provider": {}}))
        assert set(told) == {"provider.type"}
        wrong = {"name": "x", "provider": {"type": "webhok"}}
        assert "'webhook'" in problems(await desk.ask("POST", "/channels", wrong))["provider.type"]
        wrong = {"name": "x", "provider": {"type": "webhook", "url": "x", "ulr": "y"}}
        assert set(problems(await desk.ask("POST", "/channels", wrong))) == {
            "provider.ulr",
            "provider.url",
        }
        assert (await desk.ask("DELETE", path)).status_code == 204


async def test_maintenance_is_planned_once_and_again_and_again(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        now = round(desk.helm.clock.at * 1000)
        once = {"name": "Move", "start": now, "end": now + 600_000, "monitors": ["m"]}
        saved = (await desk.ask("POST", "/maintenance", once)).json()
        assert saved["settings"] == once
        shown = await desk.get(f"/maintenance/{saved['id']}")
        assert (shown["active"], shown["covered"]) == (True, ["m"])
        await desk.helm.wait(1)
        assert (await desk.get("/monitors/m"))["status"] == "MAINTENANCE"
        nightly = {"name": "Nightly", "rrule": "FREQ=DAILY", "duration": 3600.0, "all": True}
        assert (await desk.ask("POST", "/maintenance", nightly)).status_code == 201
        for wrong, field in (
            ({**once, "name": "x", "end": now}, "end"),
            ({**nightly, "name": "x", "timezone": "Mars/Base"}, "timezone"),
            ({**nightly, "name": "x", "rrule": "FREQ=NEVER"}, "rrule"),
            ({**once, "name": "x", "monitors": ["nobody"]}, "monitors"),
            ({"name": "x", "all": True}, "start"),
        ):
            assert field in problems(await desk.ask("POST", "/maintenance", wrong))
        assert (await desk.ask("DELETE", f"/maintenance/{saved['id']}")).status_code == 204
        await desk.helm.wait(1)
        assert (await desk.get("/monitors/m"))["status"] == "PENDING"


async def test_what_a_document_declared_is_edited_like_anything_else(address: Address) -> None:
    document = {
        "maintenance": [{"name": "Old", "start": "2023-01-01", "end": "2023-01-02", "all": True}]
    }
    async with at_the_desk(address, hook()) as desk:
        assert (await desk.ask("POST", "/apply", document)).json()["changed"] is True
        (one,) = (await desk.get("/maintenance"))["maintenance"]
        renamed = await desk.ask("PATCH", f"/maintenance/{one['id']}", {"name": "Older"})
        assert renamed.json()["settings"]["name"] == "Older"


async def test_a_document_with_maintenance_that_is_there_changes_nothing(address: Address) -> None:
    planned = Maintenance(id="w", name="w", start=1.0, end=2.0, all=True)
    async with at_the_desk(address, planned) as desk:
        document = {
            "maintenance": [
                {
                    "name": "w",
                    "start": "1970-01-01T00:00:01",
                    "end": "1970-01-01T00:00:02",
                    "all": True,
                }
            ]
        }
        planned_by = (await desk.ask("POST", "/apply?dry_run=true", document)).json()
        assert planned_by["plan"] == ["nothing to change"]


async def test_a_viewer_changes_nothing(address: Address) -> None:
    planned = Maintenance(id="w", name="w", start=1.0, end=2.0, all=True)
    async with at_the_desk(address, api(), hook(), planned) as desk:
        before = await desk.logged()
        for method, path in (
            ("POST", "/monitors"),
            ("PUT", "/monitors/m"),
            ("PATCH", "/channels/c"),
            ("DELETE", "/maintenance/w"),
            ("POST", "/monitors/m/pause"),
            ("POST", "/pause"),
        ):
            answer = await desk.ask(method, path, {}, role="viewer")
            assert answer.status_code == 403
        assert await desk.logged() == before


@pytest.mark.parametrize("body", [[], "x", 3, None])
async def test_a_body_that_is_no_object_is_told(address: Address, body: object) -> None:
    async with at_the_desk(address) as desk:
        answer = await desk.ask("POST", "/monitors", body, Content_Type="application/json")
        assert answer.status_code == 400
