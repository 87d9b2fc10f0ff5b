"""Chains of certificates as servers really send them, and what is said of each."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.core.listeners import days_from_now, look_at, serve, silent
from uptop_core import Outcome, Reason
from uptop_core.checks.tls import TlsCheck
from uptop_core.prober.tls import shared_context
from uptop_core.prober.tls_errors import not_verified

pytestmark = pytest.mark.anyio

Made = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make(
    name: str,
    by: Made | None = None,
    *,
    ends: float = 90,
    begins: float = -90,
    hosts: tuple[str, ...] | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Made:
    """A certificate with its key; an authority's if it is for no `hosts`, `None` among them."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (by[0].subject, by[1]) if by else (subject, key)
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(days_from_now(begins))
        .not_valid_after(days_from_now(ends))
        .add_extension(x509.BasicConstraints(ca=hosts is None, path_length=None), critical=True)
    )
    if hosts:
        names = [
            x509.DNSName(one) if "e" in one else x509.IPAddress(ip_address(one)) for one in hosts
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256()), key


@cache
def root() -> Made:
    """The authority that is trusted."""
    return make("Root", ends=3000)


async def shake(folder: Path, own: Made, *chain: Made, ignore_tls: bool = False) -> Outcome:
    """Shake hands with a server that sends `own` and `chain`."""
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root()[0].public_bytes(pem))
    sent = b"".join(one.public_bytes(pem) for one, _ in (own, *chain))
    private = own[1].private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + sent)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    async with serve(silent, tls=context) as server:
        check = TlsCheck(hostname="127.0.0.1", port=server.port, ignore_tls=ignore_tls)
        return await look_at(check, ca_file=str(folder / "root.pem"))


def end_of(made: Made) -> int:
    end: datetime = made[0].not_valid_after_utc
    return int(end.timestamp()) * 1000


async def test_the_end_is_that_of_whatever_ends_first_below_the_root(tmp_path: Path) -> None:
    between = make("Between", root(), ends=3)
    own = make("own", between, ends=60, hosts=("127.0.0.1",))
    outcome = await shake(tmp_path, own, between)
    assert outcome.up, outcome.detail
    assert outcome.cert_end == end_of(between)
    assert outcome.chain[0].end == end_of(own)
    ignored = await shake(tmp_path, own, between, ignore_tls=True)
    assert ignored.cert_end == end_of(own)


async def test_what_is_sent_beside_the_chain_does_not_count(tmp_path: Path) -> None:
    between, other = make("Between", root()), make("Old root", ends=-3, begins=-900)
    own = make("own", between, ends=60, hosts=("127.0.0.1",))
    outcome = await shake(tmp_path, own, other, root(), between)
    assert outcome.up, outcome.detail
    assert outcome.cert_end == end_of(own)


async def test_an_older_way_to_a_root_that_is_trusted_does_not_count(tmp_path: Path) -> None:
    old = make("Old root", ends=1)
    crossed = make("Root", old, ends=1, key=root()[1])
    between = make("Between", root())
    own = make("own", between, ends=60, hosts=("127.0.0.1",))
    outcome = await shake(tmp_path, own, between, crossed)
    assert outcome.up, outcome.detail
    assert outcome.cert_end == end_of(own)


async def test_a_missing_certificate_in_between_is_named(tmp_path: Path) -> None:
    own = make("own", make("Between", root()), hosts=("127.0.0.1",))
    outcome = await shake(tmp_path, own)
    assert outcome.reason is Reason.TLS_ERROR
    assert "does not send the certificate in between: CN=Between" in outcome.detail


async def test_an_expired_certificate_in_between_is_named(tmp_path: Path) -> None:
    between = make("Between", root(), ends=-2)
    outcome = await shake(tmp_path, make("own", between, hosts=("127.0.0.1",)), between)
    assert outcome.reason is Reason.CERT_EXPIRED
    expired = f"{between[0].not_valid_after_utc:%Y-%m-%d}"
    assert outcome.detail == f"a certificate in the chain (CN=Between) expired on {expired}"


async def test_a_root_that_nobody_knows_is_named(tmp_path: Path) -> None:
    stranger = make("Stranger")
    outcome = await shake(tmp_path, make("own", stranger, hosts=("127.0.0.1",)), stranger)
    assert outcome.reason is Reason.TLS_ERROR
    assert outcome.detail.endswith("an authority that is not trusted (CN=Stranger)")


async def test_whom_a_certificate_is_for_is_told_and_a_common_name_is_nobody(
    tmp_path: Path,
) -> None:
    hosts = tuple(f"{place}.example" for place in "abcde")
    others = await shake(tmp_path, make("127.0.0.1", root(), hosts=hosts))
    assert others.detail == (
        "the certificate is not for 127.0.0.1, but for a.example, b.example, c.example and 2 more"
    )
    nobody = await shake(tmp_path, make("127.0.0.1", root(), hosts=()))
    assert nobody.reason is Reason.TLS_ERROR
    assert nobody.detail.endswith("it names no host (a common name does not count)")


@pytest.mark.parametrize("code", [9, 10])
def test_a_clock_that_was_never_set_judges_no_certificate(code: int) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, ""
    unset = not_verified(error, "a.example", (), datetime(1970, 1, 1, tzinfo=UTC))
    assert unset.reason is Reason.INTERNAL_ERROR
    assert unset.detail.endswith("this node's clock says 1970-01-01")
    assert not not_verified(error, "a.example", (), datetime.now(UTC)).reason.abstains


def test_what_browsers_still_talk_to_is_not_down() -> None:
    context = shared_context(True, None, ())
    assert not context.hostname_checks_common_name
    assert context.options & 0x4  # servers that know no safe renegotiation
    assert "ECDHE-RSA-AES256-SHA" in {one["name"] for one in context.get_ciphers()}
