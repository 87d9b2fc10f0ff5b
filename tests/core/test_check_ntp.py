"""ntp: what a time server says of itself, and how far apart the clocks are."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import AF_INET, SOCK_DGRAM, socket
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import look_at
from uptop_core import CheckFailed, Condition, Outcome, Reason
from uptop_core.checks.ntp import NtpCheck
from uptop_core.prober.ntp import read_answer

pytestmark = pytest.mark.anyio

TO_UNIX_S = 2_208_988_800
Script = Callable[[bytes], list[bytes]]


def stamp(unix_s: float) -> bytes:
    """A moment as NTP writes it, in whatever era it is."""
    return struct.pack("!Q", int((unix_s + TO_UNIX_S) * 2**32) % 2**64)


def packet(
    request: bytes,
    *,
    ahead_s: float = 0.0,
    stratum: int = 2,
    leap: int = 0,
    mode: int = 4,
    reference: bytes = b"\x0a\x00\x00\x01",
) -> bytes:
    """An answer of a server that is `ahead_s`."""
    now = stamp(time.time() + ahead_s)
    head = struct.pack("!BBbbII4s", leap << 6 | 4 << 3 | mode, stratum, 6, -20, 655, 328, reference)
    return head + now + request[40:48] + now + now


@contextmanager
def time_server(script: Script) -> Iterator[int]:
    """A UDP server that answers each datagram as `script` says; its port."""
    with socket(AF_INET, SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                request, where = sock.recvfrom(1024)
                if not request:
                    return
                for answer in script(request):
                    sock.sendto(answer, where)

        thread = Thread(target=serve)
        thread.start()
        yield sock.getsockname()[1]
        with socket(AF_INET, SOCK_DGRAM) as last:
            last.sendto(b"", sock.getsockname())
        thread.join()


async def ask(script: Script, *, timeout: float = 1.0, **settings: object) -> Outcome:
    with time_server(script) as port:
        check = NtpCheck(hostname="127.0.0.1", port=port, **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=timeout)


async def test_a_server_that_knows_the_time_is_up_and_its_words_are_facts() -> None:
    conditions = tuple(
        Condition(text)
        for text in (
            "json(stratum) == 2", 'json(reference) == "10.0.0.1"', "json(root_ms) < 11",
            "json(root_ms) > 9", "json(offset_ms) < 500", "json(offset_ms) > -500", "ip == 127.0.0.1",
        )
    )  # fmt: skip
    outcome = await ask(lambda request: [packet(request)], max_offset=0.5, conditions=conditions)
    assert outcome.up, outcome.detail
    assert outcome.timings.first_byte_ns


@pytest.mark.parametrize(("ahead_s", "words"), [(90, "s ahead of"), (-90, "s behind")])
async def test_a_clock_that_is_too_far_off_is_down(ahead_s: float, words: str) -> None:
    outcome = await ask(lambda request: [packet(request, ahead_s=ahead_s)], max_offset=60)
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert words in outcome.detail
    assert "at most 60 s are allowed" in outcome.detail
    assert (await ask(lambda request: [packet(request, ahead_s=ahead_s)])).up


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (lambda asked: packet(asked, stratum=4), Reason.UNEXPECTED_ANSWER, "of stratum 4"),
        (lambda asked: packet(asked, leap=3), Reason.UNEXPECTED_ANSWER, "not synchronised"),
        (lambda asked: packet(asked, stratum=16), Reason.UNEXPECTED_ANSWER, "not synchronised"),
        (  # chronyd that has no source yet
            lambda asked: packet(asked, stratum=0, leap=3, reference=bytes(4)),
            Reason.UNEXPECTED_ANSWER,
            "not synchronised",
        ),
        (
            lambda asked: packet(asked, stratum=0, leap=3, reference=b"INIT"),
            Reason.UNEXPECTED_ANSWER,
            "not synchronised (INIT)",
        ),
        (
            lambda asked: packet(asked, stratum=0, leap=3, reference=b"DENY"),
            Reason.UNEXPECTED_ANSWER,
            "refuses to answer us (DENY)",
        ),
        (
            lambda asked: packet(asked, stratum=0, leap=3, reference=b"RATE"),
            Reason.INTERNAL_ERROR,
            "asks to be asked less often (RATE)",
        ),
        (lambda asked: packet(asked, mode=3), Reason.PROTOCOL_ERROR, "not that of an NTP server"),
        (lambda asked: packet(asked)[:40], Reason.PROTOCOL_ERROR, "too short"),
    ],
)
async def test_a_server_that_does_not_know_or_tell_the_time_is_down(
    answer: Callable[[bytes], bytes], reason: Reason, words: str
) -> None:
    outcome = await ask(lambda request: [answer(request)], max_stratum=3)
    assert outcome.reason is reason
    assert words in outcome.detail


async def test_an_answer_to_somebody_elses_question_is_passed_over() -> None:
    def script(request: bytes) -> list[bytes]:
        return [packet(bytes(48), stratum=16), b"", packet(request)]

    assert (await ask(script)).up


async def test_a_lost_datagram_is_asked_again_and_silence_is_a_timeout() -> None:
    asked: list[bytes] = []

    def second(request: bytes) -> list[bytes]:
        asked.append(request)
        return [packet(request)] if len(asked) > 1 else []

    assert (await ask(second, timeout=5)).up
    assert asked[0][40:] != asked[1][40:]
    silent = await ask(lambda request: [], timeout=0.2)
    assert silent.reason is Reason.TIMEOUT


async def test_nobody_and_a_private_target_are_told_apart() -> None:
    with time_server(lambda request: []) as port:
        blocked = await look_at(NtpCheck(hostname="localhost", port=port), allow_private=False)
    assert blocked.reason is Reason.BLOCKED_TARGET
    nobody = await look_at(NtpCheck(hostname="127.0.0.1", port=port))
    assert nobody.reason is Reason.CONNECT_REFUSED


@pytest.mark.parametrize("year", [1990, 2026, 2036, 2040, 2100])
def test_the_offset_is_right_in_every_era(year: int) -> None:
    asked_at_s = (year - 1970) * 31_556_952
    there, back = stamp(asked_at_s + 3.010), stamp(asked_at_s + 3.020)
    data = struct.pack("!BBbbII4s", 4 << 3 | 4, 1, 6, -20, 0, 0, b"GPS\0") + bytes(16)
    answer = read_answer(data + there + back, 0, asked_at_s * 10**9, 30_000_000)
    assert answer.offset_ns == pytest.approx(3_000_000_000, abs=1000)
    assert answer.trip_ns == pytest.approx(20_000_000, abs=1000)
    assert answer.reference == "GPS"


@given(st.binary(max_size=80))
def test_any_bytes_are_an_answer_or_the_one_error(data: bytes) -> None:
    try:
        read_answer(data, 0, 0, 1000)
    except CheckFailed:
        pass


def test_wrong_settings_are_named() -> None:
    assert [problem.field for problem in NtpCheck(hostname="1.2").problems()] == ["hostname"]
