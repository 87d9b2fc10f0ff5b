"""From a connection to an encrypted one: certificate checked against the name, the chain noted.

One context is shared by all checks that verify in the same way, since making one costs up to 40 ms.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.tls import TLSAttribute, TLSStream

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import Certificate, Reason
from uptop_core.prober.certificate import NotACertificate, read_certificate
from uptop_core.prober.connect import connect
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.streams import Stream
from uptop_core.targets import ascii_name, parse_host

if TYPE_CHECKING:
    from anyio.abc import ByteStream

Chain = tuple[Certificate, ...]
Opening = Callable[[Stream], Awaitable[None]]

_EXPIRED = 10  # of OpenSSL's X509_V_ERR_ codes
_UNVERIFIED = {
    9: "the certificate is not valid yet",
    18: "the certificate is self-signed",
    19: "the certificate's chain ends in an authority that is not trusted",
    20: "the certificate is by an authority that is not trusted",
    21: "the certificate is by an authority that is not trusted",
    23: "the certificate was revoked",
}
_SAID = {  # by OpenSSL's names of reasons
    "WRONG_VERSION_NUMBER": "the target does not speak TLS on this port",
    "HTTP_REQUEST": "the target does not speak TLS on this port",
    "UNKNOWN_PROTOCOL": "the target does not speak TLS on this port",
    "UNSUPPORTED_PROTOCOL": "the target speaks only TLS versions that are too old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the target speaks only TLS versions that are too old",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the target asks for a client certificate",
}
_OTHER_HOST = (62, 64)  # another name, another address

_DER = 2  # of the forms that Python's inner object gives a certificate in
_LONGEST_CHAIN = 10
_PEEK_S = 2.0  # most that is spent on learning the end of a certificate that was refused


async def handshake(
    look: Look,
    stream: ByteStream,
    host: str,
    port: int,
    *,
    verify: bool,
    alpn: tuple[str, ...] = (),
    opening: Opening | None = None,
) -> TLSStream:
    """The encrypted stream over `stream`, which leads to `host`:`port`.

    With `verify` the certificate must be one for `host`. `opening` is what has to be said on a new
    connection before TLS begins; on `stream` it has been.

    Sets `look.cert_end` and `look.chain` whether or not the certificate was verified. Raises CheckFailed:
    CERT_EXPIRED, TLS_ERROR or RESET; `stream` is closed then.
    """
    # Before the phase begins: making one is not the target's time.
    context = shared_context(verify, look.vantage.ca_file, alpn)
    ours = stream if isinstance(stream, Stream) else None
    if ours is not None:
        ours.hasten()
    late_ns = ours.late_ns if ours is not None else 0
    look.enter(Phase.TLS)
    try:
        secured = await _wrap(stream, context, host)
    except ssl.SSLCertVerificationError as error:
        look.enter(None)
        chain = await _peek(look, host, port, alpn, opening)
        note_chain(look, chain)
        raise _not_verified(error, host, chain[0].end if chain else None) from error
    except (anyio.EndOfStream, anyio.BrokenResourceError, ssl.SSLError) as error:
        raise _not_shaken(error) from error
    if ours is not None:
        look.leave_out(ours.late_ns - late_ns)
    look.enter(None)
    note_chain(look, _chain_of(secured))
    return secured


@lru_cache(maxsize=32)
def shared_context(verify: bool, ca_file: str | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """The one context for checks that verify like this.

    Raises CheckFailed(INTERNAL_ERROR) when `ca_file` cannot be read: our fault, not the target's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    _trust_system(context)
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # an SSLError is one
            what = f"the authorities in {ca_file} cannot be read: {error}"
            raise CheckFailed(Reason.INTERNAL_ERROR, what) from error
    return context


def _trust_system(context: ssl.SSLContext) -> None:
    """Trust the system's authorities, or those of certifi where a small system has none."""
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    if not paths.cafile and not (folder and folder.is_dir() and any(folder.iterdir())):
        import certifi

        context.load_verify_locations(cafile=certifi.where())


class _Secured(TLSStream):
    """What goes wrong with TLS after the handshake, and alerts that come then, end the look."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        try:
            return await super().receive(max_bytes)
        except ssl.SSLError as error:
            raise _broken(error) from error

    async def send(self, item: bytes) -> None:
        try:
            await super().send(item)
        except ssl.SSLError as error:
            raise _broken(error) from error


async def _wrap(stream: ByteStream, context: ssl.SSLContext, host: str) -> TLSStream:
    """Shake hands; `stream` is closed when that does not work."""
    address = parse_host(host)
    name = ascii_name(host) if address is None else str(address).partition("%")[0]  # no zone
    try:
        # Not "standard compatible": a check closes without the goodbye of TLS, as browsers do.
        return await _Secured.wrap(
            stream, hostname=name, ssl_context=context, standard_compatible=False
        )
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise


async def _peek(
    look: Look, host: str, port: int, alpn: tuple[str, ...], opening: Opening | None
) -> Chain:
    """The certificates that were refused, from a second handshake that verifies nothing.

    Best effort: at most half of what is left of the look, so that it never runs into the deadline
    and hides why the first handshake failed. It goes to the address that was vetted.
    """
    left_s = look.left_s() / 2
    if look.address is None:
        return ()
    with anyio.move_on_after(min(left_s, _PEEK_S)):
        try:
            aside = Look(look.vantage, look.timeout_s)
            again = await connect(aside, [ip_address(look.address)], port)
            try:
                if opening is not None:
                    await opening(again)
                context = shared_context(False, None, alpn)
                return _chain_of(await _wrap(again, context, host))
            finally:
                again.close()
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError, CheckFailed):
            return ()
    return ()


def _chain_of(secured: TLSStream) -> Chain:
    """What the target sent, its own certificate first; what cannot be read ends it."""
    found: list[Certificate] = []
    for der in _sent(secured.extra(TLSAttribute.ssl_object))[:_LONGEST_CHAIN]:
        try:
            found.append(read_certificate(der))
        except NotACertificate:
            break
    return tuple(found)


def _sent(tls: Any) -> list[bytes]:
    """The certificates as DER. Python says them all from 3.13 on; before, only its inner object."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain() or ())
    inner = getattr(getattr(tls, "_sslobj", None), "get_unverified_chain", None)
    if inner is not None:
        return [one.public_bytes(_DER) for one in inner() or ()]
    own = tls.getpeercert(binary_form=True)
    return [own] if own else []


def note_chain(look: Look, chain: Chain) -> None:
    """Keep the certificates last met, and the earliest end of a target's own, since over redirects
    each one is needed.
    """
    if chain:
        look.chain = chain
        end = chain[0].end
        look.cert_end = end if look.cert_end is None else min(look.cert_end, end)


def _not_verified(
    error: ssl.SSLCertVerificationError, host: str, end_ms: int | None
) -> CheckFailed:
    code = error.verify_code
    if code == _EXPIRED:
        return CheckFailed(Reason.CERT_EXPIRED, _expired(end_ms))
    if code in _OTHER_HOST:
        return CheckFailed(Reason.TLS_ERROR, f"the certificate is not for {escape(host, 100)}")
    said = escape(str(error.verify_message), 100)
    return CheckFailed(
        Reason.TLS_ERROR, _UNVERIFIED.get(code, f"the certificate is not valid: {said}")
    )


def _expired(end_ms: int | None) -> str:
    if end_ms is None:
        return "the certificate has expired"
    end = datetime.fromtimestamp(end_ms / 1000, UTC)
    if end > datetime.now(UTC):  # so it is one above it
        return "a certificate in the chain has expired"
    return f"the certificate expired on {end:%Y-%m-%d}"


def _not_shaken(error: Exception) -> CheckFailed:
    if isinstance(error, ssl.SSLError):
        what = _SAID.get(
            error.reason or "", f"the TLS handshake failed: {escape(_said(error), 120)}"
        )
        return CheckFailed(Reason.TLS_ERROR, what)
    if isinstance(error, anyio.EndOfStream) or isinstance(error.__cause__, ssl.SSLError):
        return CheckFailed(Reason.TLS_ERROR, "the target closed during the TLS handshake")
    return stream_failure(error, "during the TLS handshake")


def _broken(error: ssl.SSLError) -> CheckFailed:
    """By TLS 1.3 some refuse a client only after the handshake."""
    alert = _SAID.get(error.reason or "") if "ALERT" in (error.reason or "") else None
    return CheckFailed(Reason.TLS_ERROR, alert or f"TLS broke off: {escape(_said(error), 120)}")


def _said(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
