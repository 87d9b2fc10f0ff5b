"""tls: the handshake, the certificate and the protocol; what is said before TLS begins."""

from pathlib import Path
from ssl import TLSVersion

import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    days_from_now,
    greeting,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import Condition, Outcome, Reason
from uptop_core.checks.tls import TlsCheck

pytestmark = pytest.mark.anyio

SMTP = (b"220 mx.example ESMTP\r\n", b"250-mx.example\r\n250 STARTTLS\r\n", b"220 go on\r\n")
IMAP = (b"* OK [CAPABILITY IMAP4rev2 STARTTLS] ready\r\n", b"a1 OK begin TLS\r\n")
POSTGRES = (b"", b"S")


def agreeing(*said: bytes, name: str = "127.0.0.1") -> Handler:
    """Say the first at once and each other one when something came, then shake hands."""

    async def handle(stream: ByteStream) -> None:
        for place, one in enumerate(said):
            if place:
                await stream.receive()
            if one:
                await stream.send(one)
        context = authority().context(name)
        secured = await TLSStream.wrap(
            stream, server_side=True, ssl_context=context, standard_compatible=False
        )
        await secured.receive()

    return handle


PG_FULL = b"E\0\0\0\x2fSFATAL\0VFATAL\0C53300\0Mtoo many clients\0Fx.c\0\0"


async def shake(handler: Handler, tmp_path: Path, **settings: object) -> Outcome:
    async with serve(handler) as server:
        check = TlsCheck(hostname="127.0.0.1", port=server.port, **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=1.0, ca_file=authority().write(tmp_path))


async def test_a_good_certificate_is_up_and_its_end_is_told(tmp_path: Path) -> None:
    ends = days_from_now(20)
    async with serve(silent, tls=authority().context("127.0.0.1", ends=ends)) as server:
        check = TlsCheck(hostname="127.0.0.1", port=server.port)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.up
    assert outcome.cert_end == int(ends.timestamp()) * 1000
    assert outcome.timings.tls_ns


async def test_the_protocol_is_a_fact_for_conditions(tmp_path: Path) -> None:
    conditions = (Condition('json(protocol) == "TLSv1.3"'), Condition("json(bits) >= 512"))
    async with serve(silent, tls=authority().context("127.0.0.1")) as server:
        check = TlsCheck(hostname="127.0.0.1", port=server.port, conditions=conditions)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.CONDITION_FAILED
    assert [failed.text for failed in outcome.failed] == ["json(bits) >= 512"]


async def test_a_protocol_that_is_too_old_is_down(tmp_path: Path) -> None:
    context = authority().context("127.0.0.1")
    context.maximum_version = TLSVersion.TLSv1_2
    async with serve(silent, tls=context) as server:
        old = TlsCheck(hostname="127.0.0.1", port=server.port)
        new = TlsCheck(hostname="127.0.0.1", port=server.port, min_version="1.3")
        ca_file = authority().write(tmp_path)
        assert (await look_at(old, ca_file=ca_file)).up
        outcome = await look_at(new, ca_file=ca_file)
    assert outcome.reason is Reason.TLS_ERROR
    assert outcome.detail == "the target speaks TLSv1.2, expected at least TLSv1.3"


async def test_the_certificate_is_for_the_name_that_is_asked_for(tmp_path: Path) -> None:
    async with serve(silent, tls=authority().context("shop.example")) as server:
        ca_file = authority().write(tmp_path)
        named = TlsCheck(hostname="127.0.0.1", port=server.port, server_name="shop.example")
        assert (await look_at(named, ca_file=ca_file)).up
        outcome = await look_at(TlsCheck(hostname="127.0.0.1", port=server.port), ca_file=ca_file)
    assert outcome.reason is Reason.TLS_ERROR
    assert outcome.chain


async def test_an_expired_certificate_and_one_of_nobody_are_told_apart(tmp_path: Path) -> None:
    async with serve(silent, tls=authority().context("127.0.0.1", ends=days_from_now(-2))) as there:
        check = TlsCheck(hostname="127.0.0.1", port=there.port)
        assert (await look_at(check)).reason is Reason.TLS_ERROR
        expired = await look_at(check, ca_file=authority().write(tmp_path))
        assert expired.reason is Reason.CERT_EXPIRED
        assert (await look_at(TlsCheck(hostname="127.0.0.1", port=there.port, ignore_tls=True))).up


async def test_a_port_without_tls_and_one_without_anybody_are_down(tmp_path: Path) -> None:
    outcome = await shake(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), tmp_path)
    assert outcome.reason is Reason.TLS_ERROR
    assert "does not speak TLS" in outcome.detail
    nobody = await look_at(TlsCheck(hostname="127.0.0.1", port=free_port()))
    assert nobody.reason is Reason.CONNECT_REFUSED


@pytest.mark.parametrize(
    ("protocol", "said"), [("smtp", SMTP), ("imap", IMAP), ("postgres", POSTGRES)]
)
async def test_tls_is_agreed_on_first(protocol: str, said: tuple[bytes], tmp_path: Path) -> None:
    outcome = await shake(agreeing(*said), tmp_path, starttls=protocol)
    assert outcome.up, outcome.detail
    assert outcome.timings.first_byte_ns
    assert outcome.timings.tls_ns


async def test_what_was_refused_after_starttls_is_told_too(tmp_path: Path) -> None:
    outcome = await shake(agreeing(*SMTP, name="other.example"), tmp_path, starttls="smtp")
    assert outcome.reason is Reason.TLS_ERROR
    assert [one.names for one in outcome.chain][:1] == [("other.example",)]


@pytest.mark.parametrize(
    ("protocol", "said", "reason", "words"),
    [
        ("smtp", (SMTP[0], b"250 mx.example\r\n"), Reason.TLS_ERROR, "does not offer STARTTLS"),
        ("smtp", (b"554 go away\r\n",), Reason.UNEXPECTED_ANSWER, '"554 go away"'),
        ("smtp", (b"SSH-2.0-x\r\n",), Reason.PROTOCOL_ERROR, "not a reply of a mail server"),
        ("imap", (b"* NO\r\n",), Reason.PROTOCOL_ERROR, "not the greeting of an IMAP"),
        ("imap", (b"* BYE busy\r\n",), Reason.UNEXPECTED_ANSWER, 'sends us away: "busy"'),
        ("imap", (IMAP[0], b"* BYE late\r\n"), Reason.UNEXPECTED_ANSWER, 'us away: "late"'),
        ("imap", (b"* PREAUTH hi\r\n",), Reason.UNEXPECTED_ANSWER, "takes us for logged in"),
        ("imap", (IMAP[0], b"a1 NO\r\n"), Reason.TLS_ERROR, 'does not begin TLS: "a1 NO"'),
        ("postgres", (b"", b"N"), Reason.TLS_ERROR, "does not offer TLS"),
        ("postgres", (b"", b"J"), Reason.PROTOCOL_ERROR, "not the answer of a PostgreSQL"),
        ("postgres", (b"", PG_FULL), Reason.UNEXPECTED_ANSWER, 'us away: "too many clients"'),
        ("postgres", (b"", b"Eno fork\n\0"), Reason.UNEXPECTED_ANSWER, 'sends us away: "no fork"'),
    ],
)
async def test_a_target_that_does_not_agree_is_down(
    protocol: str, said: tuple[bytes], reason: Reason, words: str, tmp_path: Path
) -> None:
    outcome = await shake(agreeing(*said), tmp_path, starttls=protocol)
    assert outcome.reason is reason
    assert words in outcome.detail


async def test_words_that_come_before_tls_in_the_clear_are_not_taken(tmp_path: Path) -> None:
    outcome = await shake(agreeing(*SMTP[:2], SMTP[2] + b"250 ok\r\n"), tmp_path, starttls="smtp")
    assert outcome.reason is Reason.PROTOCOL_ERROR
    assert "before TLS began" in outcome.detail


async def test_silence_and_an_end_are_told_apart(tmp_path: Path) -> None:
    assert (await shake(silent, tmp_path, starttls="imap")).reason is Reason.TIMEOUT
    closed = await shake(closing, tmp_path, starttls="postgres")
    assert closed.reason is Reason.PROTOCOL_ERROR
    assert closed.detail == "the target closed the connection without an answer"
    endless = await shake(greeting(b"a" * 20_000), tmp_path, starttls="imap")
    assert "a line has no end" in endless.detail


async def test_a_private_target_is_not_connected_to() -> None:
    async with serve(silent) as server:
        check = TlsCheck(hostname="127.0.0.1", port=server.port)
        outcome = await look_at(check, allow_private=False)
        assert outcome.reason is Reason.BLOCKED_TARGET
        assert server.connections == 0


def test_it_warns_of_the_end_unless_told_not_to() -> None:
    assert TlsCheck(hostname="a.example").certificate_warning_days() == 7
    assert TlsCheck(hostname="a.example", expiry_threshold=0).certificate_warning_days() is None


def test_wrong_settings_are_named() -> None:
    wrong = TlsCheck(hostname="127.1", server_name="-")
    assert [problem.field for problem in wrong.problems()] == ["hostname", "server_name"]
    assert not list(TlsCheck(hostname="::1", server_name="a.example").problems())
