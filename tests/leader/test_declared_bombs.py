"""Documents that are small and want much: what they cost grows with their length and no faster.

What is asked here takes well under a second each. Where a cost grew with the square of the length,
it would take from minutes to days, or all memory there is.
"""

from __future__ import annotations

import pytest

from uptop_core.errors import ConfigError
from uptop_leader.configuration import Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import plan
from uptop_leader.declared.rules import CIRCLE_SHOWN, GROUP_DEPTH
from uptop_leader.declared.written import KEY_LIMIT, PLACES_LIMIT, PROBLEMS_LIMIT

NOTHING = Configuration(monitors=(), channels=(), maintenances=())


def problems(text: str) -> list[str]:
    """What is told of a document beside an empty configuration."""
    with pytest.raises(ConfigError) as caught:
        plan(NOTHING, read_text(text, ""))
    return [str(problem) for problem in caught.value.problems]


def monitors(*lines: str) -> str:
    return "\n".join(["monitors:", *(f"  - {{{line}}}" for line in lines)])


def test_keys_of_json_that_stand_twice_are_found_in_one_pass() -> None:
    keys = ",".join(f'"x-{number}":0' for number in range(200_000))
    assert problems(f'{{{keys},"x-0":1}}') == ["x-0: stands twice in one object"]


@pytest.mark.parametrize("text", ["? {key}\n: [{items}]", '{{"{key}": [{items}]}}'])
def test_a_key_has_a_length(text: str) -> None:
    found = problems(text.format(key="a" * 1_000_000, items="0," * 100_000 + "0"))
    assert len(found) == 1
    assert found[0].endswith(f"a key has at most {KEY_LIMIT} characters")


def test_what_lies_deep_within_long_names_is_not_all_kept_a_place_of() -> None:
    nested = "".join(f"{' ' * depth}{'a' * KEY_LIMIT}:\n" for depth in range(30))
    items = PLACES_LIMIT // (30 * KEY_LIMIT) + 1
    found = problems(f"x-a:\n {nested.replace(chr(10), chr(10) + ' ')}{' ' * 30}[{'0,' * items}0]")
    assert len(found) == 1
    assert found[0].endswith("holds too much within names that are so long")


def test_merging_again_and_again_into_a_large_mapping_copies_it_not() -> None:
    large = "".join(f"  k{number}: 0\n" for number in range(20_000))
    merges = "  <<: {}\n" * 20_000
    assert read_text(f"x-a: &a\n{large}x-b:\n  <<: *a\n{merges}", "").problems == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(monitors(*["name: a, type: ping, hostname: '${A}'"] * 5000), id="variables"),
        pytest.param(f'{{"x-a": [{",".join(["[0, [0, {0}]]"] * 5000)}]}}'.replace("{0}", '"${"'), id="json"),
        pytest.param("\n".join(f"a{number}: 0" for number in range(5000)), id="sections"),
        pytest.param(
            monitors("name: a, type: ping, hostname: a.b, " + ", ".join(f"x{n}: 0" for n in range(5000))),
            id="fields",
        ),
        pytest.param(
            "alerts:\n  - {name: a, type: webhook, " + ", ".join(f"x{n}: 0" for n in range(5000)) + "}",
            id="fields of a channel",
        ),
        pytest.param(
            "maintenance:\n  - {name: a, " + ", ".join(f"x{n}: 0" for n in range(5000)) + "}",
            id="fields of a maintenance",
        ),
        pytest.param(
            monitors(*(f"name: a{n}, type: ping, hostname: a.b, depends_on: z{n}" for n in range(5000))),
            id="references",
        ),
    ],
)  # fmt: skip
def test_no_more_is_told_than_somebody_would_read(text: str) -> None:
    found = problems(text)
    assert PROBLEMS_LIMIT <= len(found) <= PROBLEMS_LIMIT + 1


def test_circles_without_number_are_told_up_to_a_number_and_in_short() -> None:
    names = [f"a{number}" for number in range(150)]
    lines = [f"name: {name}, type: ping, hostname: a.b, depends_on: [z]" for name in names]
    everybody = ", ".join(names)
    knot = [
        f"name: {name}, type: ping, hostname: a.b, depends_on: [{everybody}]" for name in ("z", "y")
    ]
    found = problems(monitors(*lines, *knot))
    assert len(found) <= PROBLEMS_LIMIT + 1
    ring = [
        f"name: a{number}, type: ping, hostname: a.b, depends_on: [a{(number + 1) % 5000}]"
        for number in range(5000)
    ]
    (told,) = problems(monitors(*ring))
    assert f"→ {5000 - CIRCLE_SHOWN} more → 'a0'" in told


def test_groups_in_groups_are_each_looked_at_once() -> None:
    def chain(last: str) -> str:
        lines = [f"name: a{n}, type: group, parent: a{n + 1}" for n in range(15_000)]
        return monitors(*lines, f"name: a15000, type: group{last}")

    deep = problems(chain(""))
    assert len(deep) == PROBLEMS_LIMIT
    assert deep[0].endswith(f"groups stand in each other at most {GROUP_DEPTH} deep")
    (circle,) = problems(chain(", parent: a0"))
    assert "goes in a circle" in circle
