"""The way to one's own leader: it is known by its very certificate."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from uptop_core.errors import SettingError
from uptop_leader.cli._at_hand import own_tls
from uptop_leader.settings import LeaderSettings

if TYPE_CHECKING:
    from pathlib import Path


def shakes_hands(client: ssl.SSLContext, cert: trustme.LeafCert) -> None:
    """Both sides of a handshake in memory. Raises what the client says."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(server)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(back, there, server_hostname="127.0.0.1")
    answers = server.wrap_bio(there, back, server_side=True)
    for side in (asks, answers, asks):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def chain(path: Path, authority: trustme.CA, cert: trustme.LeafCert) -> LeaderSettings:
    """Settings with a file that holds who signed the certificate, too."""
    path.write_bytes(b"".join(one.bytes() for one in cert.cert_chain_pems))
    with path.open("ab") as file:
        file.write(authority.cert_pem.bytes())
    return LeaderSettings(tls_cert=path, tls_key=path)


def test_no_other_certificate_of_the_same_authority_is_taken_for_the_leaders(
    tmp_path: Path,
) -> None:
    root = trustme.CA()
    authority = root.create_child_ca()
    own, other = authority.issue_cert("uptop.example.com"), authority.issue_cert("127.0.0.1")
    settings = chain(tmp_path / "chain.pem", authority, own)
    for cert in (own, other):
        context = own_tls(settings)
        assert context is not None
        if cert is own:
            shakes_hands(context, cert)
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                shakes_hands(context, cert)


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty.pem", "must be a certificate chain in PEM"), ("folder", "cannot be read")],
)
def test_a_file_without_a_certificate_is_told_by_its_setting(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "empty.pem").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingError, match=f"UPTOP_TLS_CERT: {words}"):
        own_tls(LeaderSettings(tls_cert=tmp_path / name, tls_key=tmp_path / name))
