"""Files that are broken in any way: every one is either taken, and then the second import changes
nothing, or refused in sentences that name fields."""

import copy
import json
import random
from typing import Any

import pytest
import yaml

from tests.leader.importing import imported, planned_import, sample
from uptop_core.errors import ConfigError

_SAMPLES: list[dict[str, Any]] = [
    json.loads(sample("kuma.json")),
    yaml.safe_load(sample("gatus.yaml")),
    json.loads(sample("go-uptop.json")),
    yaml.safe_load(sample("go-uptop.yaml")),
]
_STRANGE: list[Any] = [
    None, True, False, 0, -1, 1e300, 3.7, 10**30, 10**400, "", "x", "12", "\x00\x1b[31m", "é" * 300,
    "https://[", "[STATUS]", "[STATUS] == any()", "[BODY] == pat()", "$UNSET", "{}", "[1]",
    '{"a": null}', [], [1], [None], [[]], [{}], {}, {"a": 1}, {"1": True}, {"type": "http"},
]  # fmt: skip


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in `value` with each of its keys."""
    pairs: list[tuple[Any, Any]] = []
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        pairs += [(value, key), *_places(value[key])]
    return pairs


def _broken(rng: random.Random) -> str:
    document = copy.deepcopy(rng.choice(_SAMPLES))
    if "notificationList" in document:  # Apprise takes long to load and has tests of its own
        document["notificationList"] = document["notificationList"][:11]
    for _ in range(rng.randint(1, 3)):
        container, key = rng.choice(_places(document))
        container[key] = copy.deepcopy(rng.choice(_STRANGE))
    return json.dumps(document)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_broken_is_taken_once_or_told_with_its_field(seed: int) -> None:
    rng = random.Random(seed)
    environ = {"SLACK_PATH": "x"}
    for _ in range(30):
        text = _broken(rng)
        try:
            after = imported(text, environ=environ)
        except ConfigError as error:
            assert all(one.field or "is none of" in one.message for one in error.problems)
        else:
            assert planned_import(text, after, environ=environ).is_empty()


@pytest.mark.parametrize("number", [str(10**400), "1e999", "-1e999", str(10**20)])
def test_a_number_that_nothing_could_hold_is_told_with_its_field(number: str) -> None:
    document = copy.deepcopy(_SAMPLES[0])
    document["monitorList"][0]["interval"] = "huge"
    document["notificationList"] = []
    text = json.dumps(document).replace('"huge"', number)
    with pytest.raises(ConfigError) as refused:
        planned_import(text)
    (told,) = refused.value.problems
    assert told.field == "monitorList[0].interval"
    assert told.message.startswith("must be a number of at most 15 digits before the point")
