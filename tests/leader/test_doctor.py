"""`uptop-leader doctor`: what is wrong is found and says how to mend it."""

from __future__ import annotations

import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.commands import Run, runner
from tests.leader.helms import hook
from tests.leader.running import Running
from tests.leader.store_samples import NOON, set_up
from uptop_core.examining import Finding, Level
from uptop_leader.configuration import Actor
from uptop_leader.node_keys import PREFIX_LENGTH, new_key
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.store.store import Store
from uptop_probe.examination import findings
from uptop_probe.settings import ProbeSettings

if TYPE_CHECKING:
    from pathlib import Path

KEY, OTHER = "11" * 32, "22" * 32


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    run = runner(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("UPTOP_HTTP_PORT", "1")  # where nobody listens
    monkeypatch.setenv("UPTOP_CLUSTER_SECRET", "a-secret")
    return run


def made(path: Path, keys: str = "") -> None:
    store = Store.open(path, Keyring.from_setting(keys), NOON)
    set_up(store, hook())
    store.close()


def told(lines: list[str], about: str) -> list[tuple[str, str]]:
    """How bad it is and in which words, of each line about something."""
    split = [line.split(maxsplit=2) for line in lines[:-1]]
    return [(level, rest) for level, what, rest in split if what == about]


def test_a_healthy_leader_has_nothing_wrong(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "uptop.db", KEY)
    monkeypatch.setenv("UPTOP_ENCRYPTION_KEY", KEY)
    (tmp_path / "other").mkdir()
    with Running(tmp_path / "other") as target:
        monkeypatch.setenv("UPTOP_ALLOW_PRIVATE_TARGETS", "true")
        monkeypatch.setenv("UPTOP_CANARIES", f"{target.url}/api/health")
        code, lines, _ = run("doctor")
    assert code == 0
    assert lines[-1].startswith("0 wrong, ")
    assert told(lines, "keys") == [("ok", "all credentials (1) are sealed under the first key")]
    ((level, words),) = told(lines, "canary")
    assert (level, "answers within" in words) == ("ok", True)
    assert [level for level, _ in told(lines, "database")] == ["ok"]


def test_somebody_else_at_the_leaders_port_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        thread = Thread(target=other.handle_request)
        thread.start()
        monkeypatch.setenv("UPTOP_HTTP_PORT", str(other.server_port))
        code, lines, _ = run("doctor")
        thread.join()
    ((level, words),) = told(lines, "running")
    assert (code, level) == (1, "wrong")
    assert words.endswith("; its log says more")


def test_it_makes_and_migrates_nothing(run: Run, tmp_path: Path) -> None:
    code, lines, _ = run("doctor")
    assert code == 0
    assert "the first start makes it" in told(lines, "database")[0][1]
    assert list(tmp_path.iterdir()) == []


def test_every_warning_tells_how_to_mend_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALLOW_PRIVATE_TARGETS", "INSECURE_SKIP_VERIFY"):
        monkeypatch.setenv(f"UPTOP_{name}", "true")
    _, lines, _ = run("doctor")
    mends = [words.partition(" -> ")[2] for level, words in told(lines, "settings")]
    assert len(mends) == 4
    assert all(mends)
    assert not any("docs/" in mend for mend in mends), "which nobody has who installed a wheel"


def test_a_missing_key_and_secrets_in_clear_are_told_apart(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "uptop.db")
    code, lines, _ = run("doctor")
    assert (code, told(lines, "keys")[0][0]) == (0, "warn")
    assert told(lines, "keys")[0][1].endswith("then `uptop-leader migrate-secrets`")
    monkeypatch.setenv("UPTOP_ENCRYPTION_KEY", KEY)
    run("migrate-secrets")
    monkeypatch.setenv("UPTOP_ENCRYPTION_KEY", OTHER)
    code, lines, _ = run("doctor")
    assert code == 1
    ((level, words),) = told(lines, "keys")
    assert level == "wrong"
    assert words.endswith("-> add the key it was sealed under to UPTOP_ENCRYPTION_KEY")


def test_a_damaged_database_and_one_of_a_newer_version_are_wrong(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    made(path)
    raw = sqlite3.connect(path)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    code, lines, _ = run("doctor")
    assert (code, told(lines, "database")[0][0]) == (1, "wrong")
    assert "of a newer version (revision 9999)" in told(lines, "database")[0][1]
    path.write_bytes(b"no database at all" * 1000)
    code, lines, _ = run("doctor")
    ((level, words),) = told(lines, "database")
    assert (code, level) == (1, "wrong")
    assert "is not a database, or is damaged" in words


def test_a_follower_is_told_that_its_leader_is_away_or_knows_another_secret(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTOP_CLUSTER_MODE", "follower")
    monkeypatch.setenv("UPTOP_PEER_URL", "http://127.0.0.1:1")
    code, lines, _ = run("doctor")
    assert (code, told(lines, "leader")[0][0]) == (1, "wrong")
    (tmp_path / "other").mkdir()
    with Running(tmp_path / "other", cluster_secret="another") as leader:
        monkeypatch.setenv("UPTOP_PEER_URL", leader.url)
        code, lines, _ = run("doctor")
        assert (code, told(lines, "credential")[0][0]) == (1, "wrong")
        monkeypatch.setenv("UPTOP_CLUSTER_SECRET", "another")
        code, lines, _ = run("doctor")
        assert [level for level, _ in told(lines, "leader")] == ["ok"]
        assert told(lines, "credential") == [("ok", f"{leader.url} takes it")]
        assert code == 0


def test_a_probe_with_a_key_of_its_own_is_welcome_and_misuses_nothing(tmp_path: Path) -> None:
    leader, key = Running(tmp_path), new_key()
    store = Store.open(tmp_path / "uptop.db", Keyring(), NOON)
    me = Actor(name="me", source="test")
    store.node_keys.add("west", "eu", token_hash(key), key[:PREFIX_LENGTH], NOON, me)
    before = store.audit_log()
    with leader:
        for shown, level in ((key, Level.FINE), (new_key(), Level.WRONG)):
            probe = ProbeSettings(peer_url=(leader.url,), node_id="west", node_key=shown)
            assert credential(probe).level is level
    assert store.audit_log() == before
    store.close()


def credential(settings: ProbeSettings) -> Finding:
    """What the doctor of a probe says of what it shows its leader."""

    async def ask() -> Finding:
        found = [one async for one in findings(settings)]
        return next(one for one in found if one.about == "credential")

    return anyio.run(ask)
