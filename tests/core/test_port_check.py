"""port: connect, perhaps send, perhaps expect."""

import anyio
import pytest

from tests.core.listeners import (
    Handler,
    answering,
    closing,
    greeting,
    look_at,
    repeating,
    resetting,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import Outcome, PortCheck, Reason
from uptop_core.checks.port import unescape

pytestmark = pytest.mark.anyio


async def talk(
    handler: Handler, *, send: str = "", expect: str = "", timeout: float = 3.0
) -> Outcome:
    async with serve(handler) as server:
        check = PortCheck(hostname="127.0.0.1", port=server.port, send=send, expect=expect)
        return await look_at(check, timeout=timeout)


async def test_a_port_that_takes_connections_is_up() -> None:
    outcome = await talk(silent)
    assert outcome.up
    assert outcome.address == "127.0.0.1"
    assert outcome.timings.connect_ns is not None


async def test_a_port_nobody_listens_on_is_refused() -> None:
    outcome = await look_at(PortCheck(hostname="127.0.0.1", port=free_port()))
    assert outcome.reason is Reason.CONNECT_REFUSED


async def test_a_greeting_that_holds_what_is_expected_is_up() -> None:
    assert (await talk(greeting(b"220 mail.example ESMTP\r\n"), expect="ESMTP")).up


async def test_what_is_expected_may_come_in_pieces() -> None:
    assert (await talk(answering(b"+PO", b"NG\r\n", pause_s=0.02), send="x", expect="+PONG")).up


async def test_what_is_sent_arrives_with_its_escapes_meant() -> None:
    async with serve(answering(b"+OK")) as server:
        check = PortCheck(
            hostname="127.0.0.1", port=server.port, send=r"A\r\n\x00\t\\", expect="+OK"
        )
        assert (await look_at(check)).up
        assert server.heads == ["A\r\n\x00\t\\"]


async def test_another_answer_is_shown_escaped() -> None:
    outcome = await talk(answering(b"\x1b[31m-ERR \xff\r\n"), send="PING", expect="+PONG")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert r"\x1b[31m-ERR \xff\r\n" in outcome.detail
    assert outcome.detail.isprintable()


async def test_an_answer_that_stays_another_one_is_told_at_the_deadline() -> None:
    outcome = await talk(greeting(b"-ERR"), expect="+PONG", timeout=0.4)
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert '"-ERR"' in outcome.detail


async def test_no_answer_at_all_is_a_timeout() -> None:
    outcome = await talk(silent, send="PING", expect="+PONG", timeout=0.3)
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.detail == 'expected "+PONG", not within 0.3 s, found nothing'


async def test_a_target_that_closes_or_resets_is_told_apart() -> None:
    closed = await talk(closing, send="x", expect="y")
    assert closed.reason is Reason.UNEXPECTED_ANSWER
    assert "closed after nothing" in closed.detail
    reset = await talk(resetting, send="x", expect="y")
    assert reset.reason is Reason.RESET


async def test_an_endless_answer_ends_at_its_bound() -> None:
    outcome = await talk(repeating(b"", b"a" * 65_536), send="x", expect="never")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert "64 KiB" in outcome.detail
    assert len(outcome.detail) < 256


async def test_nothing_is_connected_to_when_the_target_is_blocked() -> None:
    async with serve(silent) as server:
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "::ffff:127.0.0.1"):
            check = PortCheck(hostname=host, port=server.port)
            outcome = await look_at(check, allow_private=False)
            assert outcome.reason is Reason.BLOCKED_TARGET
        await anyio.lowlevel.checkpoint()
        assert server.connections == 0


async def test_one_ip_version_may_be_demanded() -> None:
    async with serve(silent) as server:
        there = await look_at(PortCheck(hostname="localhost", port=server.port, ip_version=4))
        other = await look_at(PortCheck(hostname="127.0.0.1", port=server.port, ip_version=6))
    assert there.address == "127.0.0.1"
    assert other.reason is Reason.NXDOMAIN


def test_wrong_settings_are_named() -> None:
    check = PortCheck(hostname="127.1", port=1, send=r"\q", expect=r"\x1")
    assert [problem.field for problem in check.problems()] == ["hostname", "send", "expect"]
    (wrong,) = PortCheck(hostname="::1", port=1, ip_version=4).problems()
    assert wrong.field == "hostname"
    good = PortCheck(hostname="::1", port=1, send=r"\x1b", expect="é")
    assert not list(good.problems())


@pytest.mark.parametrize(
    ("text", "meant"),
    [("", b""), (r"a\n", b"a\n"), (r"\\n", b"\\n"), (r"\xfF\0", b"\xff\x00"), ("é", b"\xc3\xa9")],
)
def test_escapes_mean_bytes(text: str, meant: bytes) -> None:
    assert unescape(text) == meant


@pytest.mark.parametrize("text", ["\\", r"\q", r"\x", r"\x1", r"\xg0", "\\\n"])
def test_other_backslashes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an escape"):
        unescape(text)
