"""Heartbeats of push jobs."""

from __future__ import annotations

import pytest

from tests.leader.stages import Stage, client

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/push/known", {}),
        ("/api/push?token=known", {}),
        ("/api/push", {"Authorization": "Bearer known"}),
    ],
)
async def test_a_heartbeat_needs_its_token_and_nothing_else(
    method: str, path: str, headers: dict[str, str]
) -> None:
    stage = Stage()
    async with client(stage) as http:
        response = await http.request(method, path, headers=headers)
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert stage.beats == [("known", "success", "")]


@pytest.mark.parametrize(
    ("path", "signal"),
    [
        ("/api/push/known/start", "start"),
        ("/api/push/known/fail", "fail"),
        ("/api/push/known/0", "0"),
        ("/api/push/known/007", "7"),
        ("/api/push/known/255", "255"),
        ("/api/push?token=known&signal=fail", "fail"),
    ],
)
async def test_a_job_tells_how_it_went(path: str, signal: str) -> None:
    stage = Stage()
    async with client(stage) as http:
        assert (await http.get(path)).status_code == 200
    assert stage.beats == [("known", signal, "")]


@pytest.mark.parametrize("signal", ["256", "-1", "maybe", "1e2", "٣"])
async def test_a_signal_that_is_none_is_a_400_that_says_what_is(signal: str) -> None:
    stage = Stage()
    async with client(stage) as http:
        response = await http.get(f"/api/push/known/{signal}")
    assert response.status_code == 400
    assert "an exit code from 0 to 255" in response.json()["detail"]
    assert stage.beats == []


async def test_an_unknown_token_is_a_404_that_does_not_repeat_it() -> None:
    async with client(Stage()) as http:
        response = await http.get("/api/push/guessed")
    assert response.status_code == 404
    assert "guessed" not in response.text


async def test_a_heartbeat_without_a_token_says_where_it_goes() -> None:
    async with client(Stage()) as http:
        response = await http.get("/api/push")
    assert response.status_code == 400
    assert "/api/push/<token>" in response.json()["detail"]


async def test_what_a_job_says_is_kept_short_and_harmless() -> None:
    stage = Stage()
    async with client(stage) as http:
        await http.post("/api/push/known/1", content=b"disk \x1b[31mfull\n" + b"x" * 1000)
    detail = stage.beats[0][2]
    assert detail.startswith(r"disk \x1b[31mfull\nxxx")
    assert len(detail) <= 256


async def test_a_job_that_says_too_much_is_a_413() -> None:
    stage = Stage()
    async with client(stage) as http:
        response = await http.post("/api/push/known", content=b"x" * (65 * 1024))
    assert response.status_code == 413
    assert stage.beats == []


@pytest.mark.parametrize(
    ("query", "beat"),
    [
        ("status=up&msg=OK&ping=", ("known", "success", "OK")),
        ("status=down&msg=disk+full", ("known", "fail", "disk full")),
        ("msg=", ("known", "success", "")),
        ("success=true&error=&duration=10s", ("known", "success", "")),
        ("success=false&error=disk+full", ("known", "fail", "disk full")),
    ],
)
async def test_a_job_that_was_set_up_for_another_program_is_understood(
    query: str, beat: tuple[str, str, str]
) -> None:
    stage = Stage()
    async with client(stage) as http:
        assert (await http.get(f"/api/push/known?{query}")).status_code == 200
    assert stage.beats == [beat]
