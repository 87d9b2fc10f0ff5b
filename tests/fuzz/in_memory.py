"""A case given to our reader of answers itself: no socket, so tens of thousands a minute."""

from __future__ import annotations

from collections import Counter

from tests.fuzz.cases import Case, case
from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.http import BODY_LIMIT, Request, Response
from uptop_core.prober.http_answer import Answer
from uptop_core.prober.redirects import next_request
from uptop_core.prober.urls import parse_url

_REQUEST = Request(method="GET", url=parse_url("http://example.com/a"))


def run(seed: int, numbers: range) -> Counter[str]:
    """Read all these cases; how often what came out. Fails at the first that does not hold."""
    found: Counter[str] = Counter()
    for number in numbers:
        try:
            found[read(case(seed, number), to_head=number % 10 == 0)] += 1
        except Exception as error:
            raise AssertionError(f"--seed {seed} --only {number}: {error!r}") from error
    return found


def read(fuzzed: Case, *, to_head: bool = False) -> str:
    """What comes of one case: the class of the status, or a reason."""
    try:
        response = _response(fuzzed, to_head)
        assert 0 < response.status < 1000, response
        assert len(response.body) <= BODY_LIMIT
        assert all(
            name == name.lower() and "\0" not in value for name, value in response.headers.items()
        )
        following = next_request(_REQUEST, response)
    except CheckFailed as failed:
        assert failed.reason in (
            Reason.PROTOCOL_ERROR,
            Reason.REDIRECT_ERROR,
            Reason.BLOCKED_TARGET,
        )
        assert failed.detail.isprintable(), failed
        assert len(failed.detail) < 600, failed
        return failed.reason.value
    return "redirect" if following else f"{response.status // 100}xx"


def _response(fuzzed: Case, to_head: bool) -> Response:
    answer = Answer(to_head=to_head)
    for piece in fuzzed.pieces:
        if not answer.is_whole:
            answer.feed(piece)
    answer.end()
    return answer.response()
