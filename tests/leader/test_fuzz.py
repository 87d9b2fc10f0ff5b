"""A part of `python -m tests.fuzz`: hostile asks of every endpoint with every credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.asks import METHODS, Ask, ask
from tests.fuzz.in_process import answered, asked, endpoints_of, logged, put
from tests.leader.credentials import CREDENTIALS
from tests.leader.stages import Stage, app_of

if TYPE_CHECKING:
    from starlette.applications import Starlette

pytestmark = pytest.mark.anyio

_SEED = 7


async def test_no_ask_meets_a_bug_or_moves_a_leader_that_should_not_move() -> None:
    found = await put(_SEED, range(1500))
    assert found.total() == 1500
    assert found["2xx"] > 100, "some get through, so that more than the door is tried"


async def test_every_endpoint_is_asked_with_every_credential() -> None:
    async with asked() as (_, app):
        endpoints = endpoints_of(app)
    asks = [ask(_SEED, number, endpoints) for number in range(1500)]
    assert {one.credential for one in asks} == set(CREDENTIALS)
    assert len({one.path.split(b"/")[3] for one in asks if one.path.startswith(b"/api/v1/")}) > 20
    assert asks == [ask(_SEED, number, endpoints) for number in range(1500)]


@pytest.fixture(scope="module")
def app() -> Starlette:
    return app_of(Stage())


_TEXT = st.binary(max_size=60)
_ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60).map(str.encode)
_NAME = st.sampled_from(
    [b"authorization", b"host", b"content-length", b"if-match", b"cookie", b"x"]
)


@given(
    st.builds(
        Ask,
        number=st.just(0),
        method=st.sampled_from(METHODS),
        path=_ASCII.map(lambda path: b"/" + path),
        query=_TEXT,
        headers=st.lists(st.tuples(_NAME, _TEXT), max_size=4).map(tuple),
        body=st.lists(_TEXT, min_size=1, max_size=3).map(tuple),
        credential=st.just("none"),
    )
)
@settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
async def test_nothing_at_all_meets_a_bug(app: Starlette, one: Ask) -> None:
    with logged() as log:
        assert (await answered(one, app)).status < 500
    assert log.lines == []
