"""`uptop-leader export-status`: a copy of the status page that needs no leader."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.showcase import monitor_id, showcase
from tests.leader.commands import Run, runner
from tests.leader.store_samples import opened, ping, set_up


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in a folder with the database of a leader with a past."""
    with showcase(tmp_path):
        pass
    return runner(tmp_path, monkeypatch, capsys)


def test_every_link_of_a_copy_leads_to_a_file_of_it(run: Run, tmp_path: Path) -> None:
    code, out, err = run("export-status", "copy")
    copy = tmp_path / "copy"
    pages = list(copy.rglob("*.html"))
    assert code == 0
    assert out == [f"{len([one for one in copy.rglob('*.*') if one.is_file()]) - 1} files in copy"]
    assert err == ["no leader runs on this database: the copy tells how it was then"]
    assert len(pages) > 30
    for page in pages:
        text = page.read_text()
        for link in re.findall(r'(?:href|src)="([^"#]+)"', text):
            assert not link.startswith("/"), (page, link)
            assert (page.parent / unquote(urlsplit(link).path)).is_file(), (page, link)


def test_a_copy_says_what_a_browser_may_do_with_it(run: Run, tmp_path: Path) -> None:
    run("export-status", "copy")
    text = (tmp_path / "copy" / "index.html").read_text()
    assert 'http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;' in text
    assert "<form" not in text


def test_a_copy_tells_how_it_was_when_the_leader_last_wrote(run: Run, tmp_path: Path) -> None:
    run("export-status", "copy")
    text = (tmp_path / "copy" / "index.html").read_text()
    assert 'Updated <time datetime="2026-11-22T14:21:00Z"' in text
    status = json.loads((tmp_path / "copy" / "status.json").read_text())
    assert status["overall"] == "DOWN"


def test_feeds_of_a_copy_name_its_own_address(run: Run, tmp_path: Path) -> None:
    run("export-status", "copy", "--url", "https://status.example.com/")
    text = (tmp_path / "copy" / "feed.atom").read_text()
    assert "https://status.example.com/index.html" in text
    assert "https://status.example.com/incidents/" in text


def test_what_is_hidden_is_removed_from_a_copy(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("export-status", "copy")
    forum = tmp_path / "copy" / "monitors" / f"{monitor_id('Forum')}.html"
    assert forum.is_file()
    with opened(tmp_path / "uptop.db", key=None) as store:
        found = {one.id: one for one in store.load_config().monitors}[monitor_id("Forum")]
        set_up(store, ping(found.id, found.name, tags=("internal",)))
    monkeypatch.setenv("UPTOP_STATUS_HIDDEN_TAGS", "internal")
    assert run("export-status", "copy")[0] == 0
    assert not forum.exists()
    for path in (tmp_path / "copy").rglob("*.*"):
        if path.is_file():
            assert b"Forum" not in path.read_bytes(), path


def test_a_folder_with_something_else_in_it_is_left_alone(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "site"
    other.mkdir()
    (other / "index.html").write_text("mine")
    code, _, err = run("export-status", "site")
    assert code == 2
    assert "holds other files" in err[0]
    assert (other / "index.html").read_text() == "mine"
