"""What `docs/install.md` and `docs/upgrading.md` tell to write and run is taken and there."""

from __future__ import annotations

import re

import pytest

from tests.system.test_house_docs import DOCUMENTS, ROOT, blocks
from uptop_core.dotenv import parse_dotenv
from uptop_core.errors import StoreTooNew
from uptop_core.settings import read_settings
from uptop_leader.settings import LeaderSettings
from uptop_probe.settings import ProbeSettings

INSTALL = (ROOT / "docs/install.md").read_text()
FILES = {
    re.findall(r"^# /etc/uptop/(\w+)\.env$", block, flags=re.M)[0]: block
    for block in blocks(INSTALL, "ini")
}


@pytest.mark.parametrize("name", ["leader", "follower", "probe"])
def test_settings_files_are_those_of_the_units_and_are_taken(name: str) -> None:
    unit = (ROOT / f"deploy/systemd/uptop-{name}.service").read_text()
    assert f"EnvironmentFile=/etc/uptop/{name}.env\n" in unit
    entries, problems = parse_dotenv(FILES[name].replace("…", "5eed" * 16))
    assert not problems
    told = dict(re.findall(r"^Environment=(UPTOP_\w+)=(.*)$", unit, flags=re.M))
    environment = {**told, **{key: entry.value for key, entry in entries.items()}}
    if name == "probe":
        read_settings(ProbeSettings, environment)
    else:
        assert read_settings(LeaderSettings, environment).cluster_mode == name


def test_files_that_are_copied_or_started_are_there() -> None:
    for document in DOCUMENTS:
        for block in blocks(document.read_text(), "sh"):
            for path in re.findall(r"(?<![\w/])deploy/[\w./-]+\w", block):
                assert (ROOT / path).is_file(), f"{document.name}: {path}"


def test_manifests_that_are_listed_are_those_that_are_there() -> None:
    listed = set(re.findall(r"^\| `([\w-]+\.yaml)` \|", INSTALL, flags=re.M))
    assert listed == {path.name for path in (ROOT / "deploy/kubernetes").glob("*.yaml")}


def test_what_an_old_version_says_of_a_newer_database_is_quoted_as_it_is() -> None:
    page = (ROOT / "docs/upgrading.md").read_text()
    assert str(StoreTooNew("…")) in page
