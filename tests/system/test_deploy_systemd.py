"""The units of `deploy/systemd`: what systemd says of them, and what they start."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.system.confined import SCRIPTS, confined, run_beside, why_not
from tests.system.test_deploy_containers import LISTENING
from tests.system.test_house_docs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "deploy/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
MOST_EXPOSED = (
    15  # tenths of a point: below 1.5 systemd is content, and what is left is the network
)
ANALYZE = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def section(unit: Path, name: str = "Service") -> dict[str, list[str]]:
    """The lines of a section: key → its values, in order."""
    text = unit.read_text().partition(f"[{name}]\n")[2].partition("\n[")[0]
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def as_installed_here(unit: Path, folder: Path) -> Path:
    """The unit with the commands of this environment."""
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace("/opt/uptop/bin", str(SCRIPTS)))
    return copy


def told(unit: Path, folder: Path) -> dict[str, str]:
    """What `Environment=` of a unit sets, with `folder` in the place of its own."""
    service = section(unit)
    [own] = service["WorkingDirectory"]
    pairs = (line.partition("=")[::2] for line in service.get("Environment", ()))
    return {name: value.replace(own, str(folder)) for name, value in pairs}


def command(unit: Path) -> list[str]:
    """What `ExecStart=` runs, by the name of the program."""
    [line] = section(unit)["ExecStart"]
    program, *arguments = shlex.split(line)
    assert program.startswith("/opt/uptop/bin/")
    return [program.rpartition("/")[2], *arguments]


def test_there_is_a_unit_for_each_role_that_stays() -> None:
    assert [unit.stem for unit in UNITS] == ["uptop-follower", "uptop-leader", "uptop-probe"]


@ANALYZE
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit_and_finds_it_little_exposed(unit: Path, tmp_path: Path) -> None:
    here = as_installed_here(unit, tmp_path)
    for words in (["verify"], ["security", "--offline=true", f"--threshold={MOST_EXPOSED}"]):
        done = subprocess.run(
            ["systemd-analyze", "--no-pager", *words, here], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Unknown" not in done.stderr, done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_writes_to_its_own_folder_only(unit: Path) -> None:
    service = section(unit)
    [folder] = service["StateDirectory"]
    assert service["WorkingDirectory"] == [f"/var/lib/{folder}"]
    assert service["ProtectSystem"] == ["strict"]
    assert not {"ReadWritePaths", "AmbientCapabilities"} & {
        key for key in service if service[key] != [""]
    }
    assert service["User"] == ["uptop"]
    assert "\nu uptop " in (FOLDER / "sysusers.conf").read_text()


def test_no_two_units_share_a_folder_or_a_file_of_settings() -> None:
    for key in ("StateDirectory", "EnvironmentFile"):
        assert len({section(unit)[key][0] for unit in UNITS}) == len(UNITS)


def test_ping_is_allowed_to_every_group() -> None:
    parser = ConfigParser()
    parser.read_string("[here]\n" + (FOLDER / "sysctl.conf").read_text())
    assert dict(parser["here"]) == {"net.ipv4.ping_group_range": "0 2147483647"}


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_leader_and_probe_start_as_their_units_say_and_work_together(tmp_path: Path) -> None:
    of = {unit.stem: unit for unit in UNITS}
    leader_folder, probe_folder = tmp_path / "leader", tmp_path / "probe"
    leader_folder.mkdir()
    probe_folder.mkdir()
    unit = of["uptop-leader"]
    secret = {"UPTOP_CLUSTER_SECRET": "s" * 32}
    here = {"UPTOP_HTTP_HOST": "127.0.0.1", "UPTOP_HTTP_PORT": "0", **secret}
    with confined(command(unit), leader_folder, {**told(unit, leader_folder), **here}) as leader:
        leader.until(LISTENING.search)
        url = f"http://127.0.0.1:{LISTENING.findall(leader.said())[0]}"
        unit = of["uptop-probe"]
        who = {"UPTOP_PEER_URL": url, "UPTOP_NODE_ID": "eu-1", "UPTOP_NODE_REGION": "eu", **secret}
        with confined(command(unit), probe_folder, {**told(unit, probe_folder), **who}) as probe:
            leader.until(lambda said: "eu-1" in said)
            assert probe.stop() == 0, probe.said()
        assert leader.stop() == 0, leader.said()
    assert list(probe_folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("unit", [UNITS[0], UNITS[-1]], ids=lambda unit: unit.stem)
def test_settings_that_are_wrong_are_not_tried_again(unit: Path, tmp_path: Path) -> None:
    done = run_beside(command(unit), tmp_path, {**told(unit, tmp_path), "UPTOP_TIMINGS": "?"})
    assert str(done.returncode) in section(unit)["RestartPreventExitStatus"], done.stderr
    assert "UPTOP_TIMINGS" in done.stderr
