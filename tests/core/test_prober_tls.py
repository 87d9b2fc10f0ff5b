"""TLS: the certificate is checked against the name, and its end is known even when it is refused."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    days_from_now,
    greeting,
    look_at,
    resetting,
    serve,
    silent,
)
from uptop_core import CheckFailed, Outcome, PortCheck, Reason
from uptop_core.prober.tls import shared_context

pytestmark = pytest.mark.anyio


async def shake(
    *names: str,
    ends: datetime | None = None,
    ca_file: str | None = None,
    ignore_tls: bool = False,
    hostname: str = "127.0.0.1",
) -> Outcome:
    async with serve(silent, tls=authority().context(*names, ends=ends)) as server:
        check = PortCheck(hostname=hostname, port=server.port, tls=True, ignore_tls=ignore_tls)
        return await look_at(check, ca_file=ca_file)


async def test_a_good_certificate_is_up_and_its_end_is_known(tmp_path: Path) -> None:
    ends = days_from_now(12)
    outcome = await shake("127.0.0.1", ends=ends, ca_file=authority().write(tmp_path))
    assert outcome.up
    assert outcome.cert_end == int(ends.timestamp()) * 1000
    assert outcome.timings.tls_ns is not None


async def test_the_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    ca_file = authority().write(tmp_path)
    outcome = await shake("localhost", ca_file=ca_file, hostname="localhost")
    assert outcome.up
    other = await shake("elsewhere.example", ca_file=ca_file, hostname="localhost")
    assert other.reason is Reason.TLS_ERROR
    assert other.detail == "the certificate is not for localhost, but for elsewhere.example"


async def test_a_certificate_for_another_address_is_refused(tmp_path: Path) -> None:
    outcome = await shake("127.0.0.9", ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.TLS_ERROR
    assert "not for 127.0.0.1" in outcome.detail


async def test_an_expired_certificate_has_its_own_reason_and_its_end(tmp_path: Path) -> None:
    ends = days_from_now(-3)
    outcome = await shake("127.0.0.1", ends=ends, ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.CERT_EXPIRED
    assert outcome.detail == f"the certificate expired on {ends:%Y-%m-%d}"
    assert outcome.cert_end == int(ends.timestamp()) * 1000


async def test_an_unknown_authority_is_refused_and_the_end_is_known() -> None:
    ends = days_from_now(30)
    outcome = await shake("127.0.0.1", ends=ends)
    assert outcome.reason is Reason.TLS_ERROR
    assert "authority that is not trusted" in outcome.detail
    assert outcome.cert_end == int(ends.timestamp()) * 1000


@pytest.mark.parametrize(("trusted", "ignored"), [(True, False), (False, False), (False, True)])
async def test_what_was_sent_is_told_whether_or_not_it_was_verified(
    tmp_path: Path, trusted: bool, ignored: bool
) -> None:
    ca_file = authority().write(tmp_path) if trusted else None
    ends = days_from_now(20)
    outcome = await shake("127.0.0.1", "a.example", ends=ends, ca_file=ca_file, ignore_tls=ignored)
    assert outcome.up is (trusted or ignored)
    own = outcome.chain[0]
    assert own.names == ("127.0.0.1", "a.example") or own.names == ("a.example", "127.0.0.1")
    assert own.end == outcome.cert_end == int(ends.timestamp()) * 1000
    assert "trustme" in own.issuer


async def test_a_chain_is_told_from_the_targets_own_certificate_up(tmp_path: Path) -> None:
    made = authority().chained("127.0.0.1")
    async with serve(silent, tls=made) as server:
        check = PortCheck(hostname="127.0.0.1", port=server.port, tls=True)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.up
    own, above = outcome.chain[:2]
    assert own.names == ("127.0.0.1",)
    assert own.issuer == above.subject
    assert not above.names


async def test_without_verification_anything_is_up_and_the_end_is_known() -> None:
    ends = days_from_now(-3)
    outcome = await shake("elsewhere.example", ends=ends, ignore_tls=True)
    assert outcome.up
    assert outcome.cert_end == int(ends.timestamp()) * 1000


@pytest.mark.parametrize(
    ("handler", "reason", "said"),
    [
        (greeting(b"220 mail.example ESMTP\r\n"), Reason.TLS_ERROR, "does not speak TLS"),
        (closing, Reason.TLS_ERROR, "closed during the TLS handshake"),
        (resetting, Reason.RESET, "reset the connection during the TLS handshake"),
        (answering(b"\x15\x03\x01\x00\x02\x02\x28"), Reason.TLS_ERROR, "refuses the handshake"),
    ],
)
async def test_what_does_not_shake_hands_is_named(
    handler: Handler, reason: Reason, said: str
) -> None:
    async with serve(handler) as server:
        outcome = await look_at(PortCheck(hostname="127.0.0.1", port=server.port, tls=True))
    assert outcome.reason is reason
    assert said in outcome.detail


async def test_a_handshake_that_never_ends_is_a_timeout() -> None:
    async with serve(silent) as server:
        check = PortCheck(hostname="127.0.0.1", port=server.port, tls=True)
        outcome = await look_at(check, timeout=0.3)
    assert outcome.reason is Reason.TIMEOUT
    assert "handshake" in outcome.detail


def test_contexts_are_shared_by_all_who_verify_alike(tmp_path: Path) -> None:
    ca_file = authority().write(tmp_path)
    assert shared_context(True, ca_file, ()) is shared_context(True, ca_file, ())
    assert shared_context(True, ca_file, ()) is not shared_context(False, ca_file, ())


async def test_authorities_that_cannot_be_read_are_our_own_fault(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed) as failed:
        shared_context(True, str(tmp_path / "missing.pem"), ())
    assert failed.value.reason is Reason.INTERNAL_ERROR
    outcome = await shake("127.0.0.1", ca_file=str(tmp_path / "missing.pem"))
    assert outcome.abstains
