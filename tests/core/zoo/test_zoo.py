"""Over many servers that misbehave, what a check finds is right, and what others find is the same.

Where others find something else, `differences.py` says so, and why ours is right.
"""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from tests.core.listeners import authority
from tests.core.zoo import askers, codings, endings, framing, heads, redirects, secured
from tests.core.zoo import status_lines as lines
from tests.core.zoo.animal import Animal, caged
from tests.core.zoo.askers import ASKERS, Asker, is_answer
from tests.core.zoo.differences import differences, known

pytestmark = pytest.mark.anyio

HOUSES = (lines, framing, heads, endings, codings, redirects, secured)
ZOO = tuple(animal for house in HOUSES for animal in house.ANIMALS)
QUICK = tuple(animal for animal in ZOO if not animal.hangs)


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority().write(tmp_path_factory.mktemp("zoo"))


@pytest.mark.parametrize("animal", QUICK, ids=lambda animal: animal.name)
async def test_a_check_finds_the_right_thing_and_others_the_same(
    animal: Animal, ca_file: str
) -> None:
    assert await disagreements(animal, ca_file) == []


async def test_what_would_never_end_ends_in_time_and_others_find_the_same(ca_file: str) -> None:
    found: list[str] = []

    async def visit(animal: Animal) -> None:
        found.extend(await disagreements(animal, ca_file))

    async with anyio.create_task_group() as visits:
        for animal in ZOO:
            if animal.hangs:
                visits.start_soon(visit, animal)
    assert found == []


async def disagreements(animal: Animal, ca_file: str) -> list[str]:
    """What is not as the animal, or the table of differences, says."""
    told: list[str] = []

    async def look(name: str, asker: Asker) -> None:
        async with caged(animal) as cage:
            found = await asker(animal, cage, ca_file)
        wrong = _wrong(animal, name, found)
        if wrong:
            told.append(f"{animal.name}: {name} finds {found}, {wrong}")

    async with anyio.create_task_group() as looks:
        looks.start_soon(look, "engine", askers.engine)
        for name, asker in ASKERS.items():
            if name != "curl" or askers.CURL is not None:
                looks.start_soon(look, name, asker)
    return told


def _wrong(animal: Animal, asker: str, found: str) -> str:
    if asker == "engine":
        return "" if animal.is_ours(found) else f"but should find {animal.ours}"
    agrees = animal.is_ours(found) or not (is_answer(found) or is_answer(animal.ours))
    other = known(animal.name, asker)
    if other is None:
        return "" if agrees else f"we find {animal.ours}"
    if agrees:
        return "as we do: take it out of the table of differences"
    return "" if found == other else f"but the table of differences says {other}"


def test_curl_is_there_to_compare_with() -> None:
    if askers.CURL is None:
        pytest.skip("curl is not installed, so nothing was compared with it: apt install curl")


def test_the_zoo_is_large_and_each_animal_has_its_own_name() -> None:
    names = Counter(animal.name for animal in ZOO)
    assert len(ZOO) >= 60
    assert not [name for name, count in names.items() if count > 1]


def test_every_difference_is_of_an_animal_that_is_there_and_has_a_reason() -> None:
    names = {animal.name for animal in ZOO}
    for animal, asker, _, why in differences():
        assert animal in names
        assert asker in ASKERS
        assert why
