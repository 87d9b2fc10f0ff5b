"""The images and compose files of `deploy/`: by their schema, behind their walls, and started."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.system.confined import SCRIPTS, confined, run_beside, why_not
from tests.system.test_house_docs import COMPOSE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
ENTRYPOINTS = dict(
    re.findall(
        r'^FROM role AS (\w+)$(?:\n(?!FROM).*)*?\nENTRYPOINT \["([\w-]+)"\]$', DOCKERFILE, re.M
    )
)
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)\n")
WALLS = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
}


def services(path: Path) -> dict[str, dict[str, Any]]:
    """The services of a compose file, each with what it extends."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    for name, service in found.items():
        if base := service.get("extends"):
            other = services(path.parent / base["file"])[base["service"]]
            environment = other["environment"] | service["environment"]
            found[name] = {**other, **service, "environment": environment}
    return found


EVERY = [(path.name, name, service) for path in COMPOSE for name, service in services(path).items()]


def test_compose_files_are_what_the_specification_allows() -> None:
    words = ["--builtin-schema", "vendor.compose-spec", *map(str, COMPOSE)]
    command = [str(SCRIPTS / "check-jsonschema"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("file", "name", "service"), EVERY)
def test_every_container_has_its_walls(file: str, name: str, service: dict[str, Any]) -> None:
    assert {key: service.get(key) for key in WALLS} == WALLS
    assert all("noexec,nosuid,nodev" in place for place in service["tmpfs"])
    assert service["user"] in ("10001:10001", "postgres")
    assert "mem_limit" in service
    assert "pids_limit" in service
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize(("file", "name", "service"), EVERY)
def test_every_container_is_asked_how_it_is_or_says_why_not(
    file: str, name: str, service: dict[str, Any]
) -> None:
    is_probe = service.get("build", {}).get("target") == "probe"
    check = service["healthcheck"]
    assert check == {"disable": True} if is_probe else check["test"][0] == "CMD"


@pytest.mark.parametrize(("file", "name", "service"), EVERY)
def test_ports_are_published_to_this_machine_only(
    file: str, name: str, service: dict[str, Any]
) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_nobody_in_an_image_is_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    ready = [stage for stage in stages if "ENTRYPOINT" in stage]
    assert len(ready) == len(ENTRYPOINTS) == 3
    assert all("\nUSER uptop\n" in stage for stage in ready)
    assert "useradd --uid 10001" in DOCKERFILE


@pytest.mark.parametrize("role", ["leader", "probe"])
def test_images_of_nodes_that_look_have_the_extras_of_all_kinds(role: str) -> None:
    core = ROOT / "packages/uptop-core/src"
    sources = "".join(path.read_text() for path in core.glob("**/*.py"))
    named = set(re.findall(r'"(uptop-core\[\w+\])"', sources))
    assert "uptop-core[http2]" in named
    (stage,) = re.findall(rf"^FROM role AS {role}$(.*?)^USER", DOCKERFILE, re.M | re.DOTALL)
    brought = (ROOT / f"packages/uptop-{role}/pyproject.toml").read_text() + stage
    assert {extra for extra in named if extra not in brought} == set()


@pytest.mark.slow
@pytest.mark.parametrize("role", ["leader", "probe", "tui"])
def test_entrypoints_are_commands_that_the_role_installs(role: str) -> None:
    said = subprocess.run(
        [SCRIPTS / ENTRYPOINTS[role], "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(f"uptop-{role} ")


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_leader_behind_the_walls_of_its_container_is_healthy_and_stops(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    service = services(ROOT / "deploy/docker-compose.yml")["leader"]
    here = {"UPTOP_HTTP_HOST": "127.0.0.1", "UPTOP_HTTP_PORT": "0"}
    for_data = dict.fromkeys(re.findall(r"(\w+)=/data", DOCKERFILE), str(data))
    environment = {**service["environment"], **here, **for_data}
    with confined([ENTRYPOINTS["leader"]], data, environment) as leader:
        leader.until(LISTENING.search)
        [port] = LISTENING.findall(leader.said())
        kind, *check = service["healthcheck"]["test"]
        asked = run_beside(check, data, {**environment, "UPTOP_HTTP_PORT": port})
        assert (kind, asked.returncode) == ("CMD", 0), asked.stdout + asked.stderr
        assert leader.stop() == 0, leader.said()
    assert {"uptop.db", "uptop-admin-token"} <= {path.name for path in data.iterdir()}
