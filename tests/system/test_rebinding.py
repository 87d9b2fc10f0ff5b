"""No look reaches what it may not, whatever a name server and a redirect say: see `rebinding`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from tests.system.processes import clean_environment
from tests.system.rebinding import FORMS, KINDS_THAT_CONNECT, NAMES, PUBLIC, WALLS

pytestmark = pytest.mark.slow

_REFUSED = {"blocked_target", "redirect_error"}
_UNSHARE = ["unshare", "--net", "--mount", *(["--map-root-user"] if os.getuid() else [])]


class Tried(Struct):
    """What was seen."""

    reasons: dict[str, str]
    asked: dict[str, int]
    came: list[str]


def _why_not() -> str:
    if any(shutil.which(tool) is None for tool in ("unshare", "ip", "mount")):
        return "needs unshare, ip and mount"
    made = [*_UNSHARE, "ip", "link", "set", "lo", "up"]
    tried = subprocess.run(made, capture_output=True, check=False)
    return "" if tried.returncode == 0 else "networks of their own cannot be made here"


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    if why := _why_not():
        pytest.skip(why)
    folder, root = tmp_path_factory.mktemp("names"), Path(__file__).parents[2]
    script = [sys.executable, "-m", "tests.system.rebinding"]
    path = os.pathsep.join((str(root), os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(
        [*_UNSHARE, "sh", "-ec", WALLS, "sh", str(folder), *script],
        cwd=root,
        env=clean_environment({"PYTHONPATH": path}),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)
    return Tried(
        reasons={look["what"]: look["reason"] for look in said["looks"]},
        asked={look["what"]: look["asked"] for look in said["looks"]},
        came=said["came"],
    )


def test_nobody_comes_to_an_address_that_was_not_vetted(tried: Tried) -> None:
    assert set(tried.came) == {PUBLIC}
    redirects = 2 * len(FORMS) + 3
    assert len(tried.came) >= redirects + len(KINDS_THAT_CONNECT)


@pytest.mark.parametrize("kind", KINDS_THAT_CONNECT)
def test_a_name_that_moves_inside_is_asked_for_once_a_look_and_refused_when_it_has(
    tried: Tried, kind: str
) -> None:
    assert tried.reasons[f"{kind}: first"] not in _REFUSED
    assert tried.reasons[f"{kind}: then"] == "blocked_target"
    assert (tried.asked[f"{kind}: first"], tried.asked[f"{kind}: then"]) == (1, 1)


def test_a_redirect_to_the_same_name_is_vetted_anew(tried: Tried) -> None:
    assert tried.reasons["redirect to itself"] == "blocked_target"
    assert tried.asked["redirect to itself"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_any_address_inside_is_refused(tried: Tried, name: str) -> None:
    assert tried.reasons[f"name: {name}"] == "blocked_target"


@pytest.mark.parametrize("engine", ["http", "http2"])
def test_a_redirect_to_this_machine_is_refused_however_it_is_written(
    tried: Tried, engine: str
) -> None:
    assert tried.reasons["redirect: public"] == "up"
    seen = {form: tried.reasons[f"redirect by {engine}: {form}"] for form in FORMS}
    assert {form: reason for form, reason in seen.items() if reason not in _REFUSED} == {}
