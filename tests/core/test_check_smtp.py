"""smtp: the banner, EHLO and STARTTLS of a mail server."""

from pathlib import Path
from ssl import SSLContext

import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from tests.core.listeners import (
    Handler,
    authority,
    greeting,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import Condition, Outcome, Reason
from uptop_core.checks.smtp import SmtpCheck
from uptop_core.checks.tls import TlsCheck
from uptop_core.monitors import Monitor

pytestmark = pytest.mark.anyio

BANNER = b"220-mx.example welcomes you\r\n220 mx.example ESMTP Ready\r\n"


def mail_server(
    banner: bytes = BANNER,
    ehlo: bytes = b"250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
    secured_ehlo: bytes = b"250-mx.example\r\n250 AUTH PLAIN\r\n",
    tls: SSLContext | None = None,
) -> Handler:
    """Says that, and does STARTTLS when there is `tls`."""

    async def handle(stream: ByteStream) -> None:
        await stream.send(banner)
        assert (await stream.receive()).startswith(b"EHLO ")
        await stream.send(ehlo)
        if await stream.receive() == b"STARTTLS\r\n" and tls is not None:
            await stream.send(b"220 go on\r\n")
            stream = await TLSStream.wrap(
                stream, server_side=True, ssl_context=tls, standard_compatible=False
            )
            await stream.receive()
            await stream.send(secured_ehlo)
            await stream.receive()

    return handle


def slow(begins: bytes) -> Handler:
    """A server that begins to greet, and then thinks about it."""

    async def handle(stream: ByteStream) -> None:
        await stream.send(begins)
        await silent(stream)

    return handle


async def old(stream: ByteStream) -> None:
    """A server that knows HELO only."""
    await stream.send(BANNER)
    assert await stream.receive() == b"EHLO localhost\r\n"
    await stream.send(b"500 what?\r\n")
    assert await stream.receive() == b"HELO localhost\r\n"
    await stream.send(b"250 hello\r\n")
    await stream.receive()


async def ask(handler: Handler, ca_file: str | None = None, **settings: object) -> Outcome:
    async with serve(handler) as server:
        check = SmtpCheck(hostname="127.0.0.1", port=server.port, **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=1.0, ca_file=ca_file)


async def test_a_server_that_greets_and_answers_is_up_and_taken_leave_of() -> None:
    async with serve(mail_server()) as server:
        check = SmtpCheck(hostname="127.0.0.1", port=server.port, ehlo="monitor.example")
        outcome = await look_at(check)
        assert outcome.up
        assert outcome.timings.first_byte_ns
    assert server.heads[0] == "EHLO monitor.example\r\n"


async def test_what_was_said_is_a_fact_for_conditions() -> None:
    conditions = (
        Condition('json(extensions) == "STARTTLS"'),
        Condition('json(banner) contains "welcomes"'),
        Condition('json(extensions) == "CHUNKING"', soft=True),
    )
    outcome = await ask(mail_server(), conditions=conditions)
    assert outcome.up
    assert [failed.text for failed in outcome.failed] == ['json(extensions) == "CHUNKING"']


async def test_starttls_says_ehlo_again_and_tells_the_certificate(tmp_path: Path) -> None:
    handler = mail_server(tls=authority().context("127.0.0.1"))
    condition = Condition('json(extensions) == "AUTH"')
    ca_file = authority().write(tmp_path)
    outcome = await ask(handler, ca_file, tls="starttls", conditions=(condition,))
    assert outcome.up, outcome.detail
    assert outcome.cert_end
    assert outcome.timings.tls_ns


async def test_a_certificate_of_nobody_is_down_unless_ignored() -> None:
    handler = mail_server(tls=authority().context("127.0.0.1"))
    refused = await ask(handler, tls="starttls")
    assert refused.reason is Reason.TLS_ERROR
    assert refused.cert_end
    assert (await ask(handler, tls="starttls", ignore_tls=True)).up


async def test_tls_may_begin_at_once(tmp_path: Path) -> None:
    async with serve(mail_server(), tls=authority().context("127.0.0.1")) as server:
        check = SmtpCheck(hostname="127.0.0.1", port=server.port, tls="implicit")
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.up, outcome.detail


@pytest.mark.parametrize(
    ("handler", "reason", "words"),
    [
        (mail_server(banner=b"421 too busy\r\n"), Reason.UNEXPECTED_ANSWER, '"421 too busy"'),
        (mail_server(banner=b"\x1b[2J\r\n"), Reason.PROTOCOL_ERROR, r"\x1b[2J"),
        (mail_server(banner=b"220-more\r\n" * 200), Reason.PROTOCOL_ERROR, "has no end"),
        (mail_server(ehlo=b"550 not you\r\n"), Reason.UNEXPECTED_ANSWER, "expected 250 to EHLO"),
        (mail_server(ehlo=b"250 mx.example\r\n"), Reason.TLS_ERROR, "not offer STARTTLS"),
        (silent, Reason.TIMEOUT, "no answer within 1 s"),
        (slow(b"220-mx.example\r\n"), Reason.TIMEOUT, 'within 1 s, only "220-mx.example"'),
    ],
)
async def test_a_server_that_answers_otherwise_is_down(
    handler: Handler, reason: Reason, words: str
) -> None:
    outcome = await ask(handler, tls="starttls")
    assert outcome.reason is reason
    assert words in outcome.detail


async def test_a_server_that_knows_no_ehlo_is_told_helo() -> None:
    outcome = await ask(old, conditions=(Condition('json(banner) contains "mx"'),))
    assert outcome.up, outcome.detail


def test_mail_servers_may_think_for_a_while() -> None:
    check = SmtpCheck(hostname="mx.example")
    assert Monitor(id="1", name="mail", check=check).effective_timeout == 15
    assert Monitor(id="1", name="mail", check=check, interval=10).effective_timeout == 10
    assert Monitor(id="1", name="mail", check=check, timeout=3).effective_timeout == 3
    assert TlsCheck(hostname="mx.example", starttls="smtp").usual_timeout_s() == 15
    assert TlsCheck(hostname="mx.example", starttls="imap").usual_timeout_s() == 5


async def test_another_banner_than_expected_is_down() -> None:
    assert (await ask(mail_server(), expect="welcomes")).up
    outcome = await ask(mail_server(), expect="Postfix")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert (
        outcome.detail
        == '"Postfix" is not in the banner "mx.example welcomes you mx.example ESMTP Ready"'
    )


async def test_nobody_and_a_private_target_are_told_apart() -> None:
    nobody = SmtpCheck(hostname="127.0.0.1", port=free_port())
    assert (await look_at(nobody)).reason is Reason.CONNECT_REFUSED
    async with serve(greeting(BANNER)) as server:
        check = SmtpCheck(hostname="localhost", port=server.port)
        blocked = await look_at(check, allow_private=False)
        assert blocked.reason is Reason.BLOCKED_TARGET
        assert server.connections == 0


def test_wrong_settings_are_named() -> None:
    wrong = SmtpCheck(hostname="0x7f.1", ehlo="a\r\nMAIL FROM:<>")
    assert [problem.field for problem in wrong.problems()] == ["hostname", "ehlo"]
    assert not list(SmtpCheck(hostname="mx.example", ehlo="[192.0.2.1]").problems())
