"""What goes wrong with TLS, as a reason and a sentence: which certificate, whose, until when."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.os_errors import stream_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.outcomes import Certificate

_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)  # before this program was there
_SHOWN_NAMES = 3
_SHOWN = 70  # characters of a name

# OpenSSL's X509_V_ERR_ codes.
_EARLY, _EXPIRED = 9, 10
_INCOMPLETE = (20, 21)
_FOREIGN = 19
_OTHER_HOST = (62, 64)  # another name, another address
_UNVERIFIED = {
    _EARLY: "the certificate is not valid yet",
    18: "the certificate is self-signed",
    23: "the certificate was revoked",
    66: "the key of the certificate is too short to be safe",
    67: "the key of an authority in the chain is too short to be safe",
    68: "a certificate in the chain is signed in a way that is no longer safe",
}
_NO_TLS = "the target does not speak TLS on this port"
_TOO_OLD = "the target speaks only TLS versions that are too old, expected at least TLSv1.2"
_NO_CLIENT = "the target asks for a client certificate"
_SAID = {  # by OpenSSL's names of reasons
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "UNKNOWN_PROTOCOL": _NO_TLS,
    "PACKET_LENGTH_TOO_LONG": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _NO_CLIENT,
    "TLSV1_UNRECOGNIZED_NAME": "the target serves no such name by TLS (unrecognized name)",
    "TLSV1_ALERT_UNRECOGNIZED_NAME": "the target serves no such name by TLS (unrecognized name)",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the target refuses the handshake: no cipher in common, or it serves no such name by TLS"
    ),
    "TLSV1_ALERT_INTERNAL_ERROR": "the target has an error of its own in the TLS handshake",
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "the target speaks none of the protocols on offer (ALPN)",
    "DH_KEY_TOO_SMALL": "the target's Diffie-Hellman key is too short to be safe",
}


def not_verified(
    error: ssl.SSLCertVerificationError, host: str, chain: Sequence[Certificate], now: datetime
) -> CheckFailed:
    """The failure to trust what was sent for `host`, as far as that is known: `chain` may be empty.
    By a clock that has not been set since the node was switched on nothing is judged.
    """
    code = error.verify_code
    if code in (_EARLY, _EXPIRED) and now < _RELEASED:
        what = f"no certificate can be judged: this node's clock says {now:%Y-%m-%d}"
        return CheckFailed(Reason.INTERNAL_ERROR, what)
    if code == _EXPIRED:
        return CheckFailed(Reason.CERT_EXPIRED, _expired(chain, now))
    if code in _OTHER_HOST:
        return CheckFailed(Reason.TLS_ERROR, _for_another(host, chain))
    if code in _INCOMPLETE:
        return CheckFailed(Reason.TLS_ERROR, _not_trusted(chain))
    if code == _FOREIGN:
        root = f" ({_of(chain[-1].subject)})" if chain else ""
        what = f"the certificate's chain ends in an authority that is not trusted{root}"
        return CheckFailed(Reason.TLS_ERROR, what)
    said = escape(str(error.verify_message), 100)
    what = _UNVERIFIED.get(code, f"the certificate is not valid: {said}")
    return CheckFailed(Reason.TLS_ERROR, what)


def not_shaken(error: Exception) -> CheckFailed:
    """The failure to shake hands at all."""
    if isinstance(error, ssl.SSLError):
        said = _SAID.get(error.reason or "")
        what = said or f"the TLS handshake failed: {escape(_said(error), 120)}"
        return CheckFailed(Reason.TLS_ERROR, what)
    if isinstance(error, anyio.EndOfStream) or isinstance(error.__cause__, ssl.SSLError):
        return CheckFailed(Reason.TLS_ERROR, "the target closed during the TLS handshake")
    return stream_failure(error, "during the TLS handshake")


def broken(error: ssl.SSLError) -> CheckFailed:
    """What ends TLS after the handshake: by TLS 1.3 some refuse a client only then."""
    alert = _SAID.get(error.reason or "") if "ALERT" in (error.reason or "") else None
    return CheckFailed(Reason.TLS_ERROR, alert or f"TLS broke off: {escape(_said(error), 120)}")


def _expired(chain: Sequence[Certificate], now: datetime) -> str:
    now_ms = now.timestamp() * 1000
    for place, one in enumerate(chain):
        if one.end <= now_ms:
            end = f"{datetime.fromtimestamp(one.end / 1000, UTC):%Y-%m-%d}"
            if place == 0:
                return f"the certificate expired on {end}"
            return f"a certificate in the chain ({_of(one.subject)}) expired on {end}"
    return "a certificate in the chain has expired" if chain else "the certificate has expired"


def _for_another(host: str, chain: Sequence[Certificate]) -> str:
    what = f"the certificate is not for {escape(host, 100)}"
    if not chain:
        return what
    names = [escape(name, _SHOWN) for name in chain[0].names]
    if not names:
        return f"{what}: it names no host (a common name does not count)"
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return f"{what}, but for {', '.join(names[:_SHOWN_NAMES])}{more}"


def _not_trusted(chain: Sequence[Certificate]) -> str:
    what = "the certificate is by an authority that is not trusted"
    if not chain:
        return what
    missing = _of(chain[-1].issuer)
    return f"{what}, or the target does not send the certificate in between: {missing}"


def _of(name: str) -> str:
    return escape(name, _SHOWN) or "nameless"


def _said(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
