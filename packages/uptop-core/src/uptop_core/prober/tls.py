"""From a connection to an encrypted one: certificate checked against the name, the chain noted.

One context is shared by all checks that verify in the same way, since making one costs up to 40 ms.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.tls import TLSAttribute, TLSStream

from uptop_core.errors import CheckFailed
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import Certificate, Reason
from uptop_core.prober.certificate import NotACertificate, read_certificate
from uptop_core.prober.connect import connect
from uptop_core.prober.streams import Stream
from uptop_core.prober.tls_errors import broken, not_shaken, not_verified
from uptop_core.targets import ascii_name, parse_host

if TYPE_CHECKING:
    from anyio.abc import ByteStream

Chain = tuple[Certificate, ...]
Opening = Callable[[Stream], Awaitable[None]]

_DER = 2  # of the forms that Python's inner object gives a certificate in
_LONGEST_CHAIN = 10
_LEGACY_SERVER_CONNECT = 0x4  # of OpenSSL's SSL_OP_; Python names it from 3.12 on
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
        raise not_verified(error, host, chain, datetime.now(UTC)) from error
    except (anyio.EndOfStream, anyio.BrokenResourceError, ssl.SSLError) as error:
        raise not_shaken(error) from error
    if ours is not None:
        look.leave_out(ours.late_ns - late_ns)
    look.enter(None)
    note_chain(look, _chain_of(secured), _verified_until(secured) if verify else None)
    return secured


@lru_cache(maxsize=32)
def shared_context(verify: bool, ca_file: str | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """The one context for checks that verify like this.

    Raises CheckFailed(INTERNAL_ERROR) when `ca_file` cannot be read: our fault, not the target's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As browsers do: a target that they can talk to is not down. Python leaves out older ciphers,
    # OpenSSL servers that know no safe renegotiation, which is never asked for here.
    context.set_ciphers("DEFAULT")
    context.options |= _LEGACY_SERVER_CONNECT
    context.hostname_checks_common_name = False  # browsers look at no common name
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
            why = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
            what = f"the authorities in {ca_file} cannot be read: {why}"
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
            raise broken(error) from error

    async def send(self, item: bytes) -> None:
        try:
            await super().send(item)
        except ssl.SSLError as error:
            raise broken(error) from error


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


def _verified_until(secured: TLSStream) -> int | None:
    """The earliest end of the certificates that the target's own rests on, the root apart, which is
    the node's: when one of them ends, nobody believes the others. None where there are none.
    """
    ends = []
    for der in _chain_in(secured.extra(TLSAttribute.ssl_object), "get_verified_chain")[1:-1]:
        with suppress(NotACertificate):
            ends.append(read_certificate(der).end)
    return min(ends, default=None)


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
    """The certificates that came, as DER."""
    chain = _chain_in(tls, "get_unverified_chain")
    own = None if chain else tls.getpeercert(binary_form=True)
    return chain or ([own] if own else [])


def _chain_in(tls: Any, which: str) -> list[bytes]:
    """A chain as DER. Python says it from 3.13 on; before, only its inner object does."""
    if hasattr(tls, which):
        return list(getattr(tls, which)() or ())
    inner = getattr(getattr(tls, "_sslobj", None), which, None)
    return [one.public_bytes(_DER) for one in inner() or ()] if inner is not None else []


def note_chain(look: Look, chain: Chain, until: int | None = None) -> None:
    """Keep the certificates last met, and the earliest end of a target's own, since over redirects
    each one is needed. `until` is the end of what that rests on, where it is known.
    """
    if chain:
        look.chain = chain
        end = chain[0].end if until is None else min(until, chain[0].end)
        look.cert_end = end if look.cert_end is None else min(look.cert_end, end)
