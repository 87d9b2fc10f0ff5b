"""TLS that is not as it should be, and addresses of the other family."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import trustme
from anyio.abc import ByteStream

from tests.core.listeners import answering, authority, closing, days_from_now, silent
from tests.core.zoo.animal import HELLO, OK, Animal
from tests.core.zoo.redirects import to

Context = Callable[[], ssl.SSLContext]

_OLD = b"\x15\x03\x01\x00\x02\x02\x46"  # alert: protocol version
_REFUSED = b"\x15\x03\x03\x00\x02\x02\x28"  # alert: handshake failure
_UNRECOGNIZED = b"\x15\x03\x03\x00\x02\x02\x70"  # alert: unrecognized name


@cache
def _stranger() -> trustme.CA:
    return trustme.CA()


def _strange() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _stranger().issue_cert("127.0.0.1").configure_cert(context)
    return context


def _ends(days: float) -> Context:
    return lambda: authority().context("127.0.0.1", ends=days_from_now(days))


def _good(*alpn: str, wants_certificate: bool = False, newest: bool = True) -> Context:
    def make() -> ssl.SSLContext:
        context = authority().context("127.0.0.1")
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            _stranger().configure_trust(context)
        if not newest:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    return make


def _other_name() -> ssl.SSLContext:
    return authority().context("other.example")


def _by_name() -> ssl.SSLContext:
    return authority().context("localhost")


def _says(name: str, ours: str, tls: Context, host: str = "127.0.0.1") -> Animal:
    return Animal(name=name, ours=ours, tls=tls, says={"/": HELLO}, host=host)


async def _stops(stream: ByteStream) -> None:
    await stream.receive()
    await stream.send(b"\x16\x03\x03\x00\x7a\x02")  # half of a server's hello


async def _refuses_after_the_handshake(stream: ByteStream) -> None:
    """By TLS 1.3 a client has long sent its request when it is told that it may not."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = _good(wants_certificate=True)().wrap_bio(incoming, outgoing, server_side=True)
    refused = False
    while not refused:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            refused = True
        await stream.send(outgoing.read())
        incoming.write(b"" if refused else await stream.receive())
    await silent(stream)


ANIMALS = (
    _says("TLS", "200 /", _good()),
    _says("TLS 1.2", "200 /", _good(newest=False)),
    _says("TLS by name", "200 /", _by_name, host="localhost"),
    _says("an authority that nobody trusts", "tls_error", _strange),
    _says("a certificate that has ended", "cert_expired", _ends(-3)),
    _says("a certificate that begins later", "tls_error", _ends(timedelta(days=60).days)),
    _says("a certificate of another name", "tls_error", _other_name),
    _says("a certificate of the name, not the address", "tls_error", _by_name),
    _says("ALPN: http/1.1", "200 /", _good("http/1.1")),
    _says("ALPN: something else only", "200 /", _good("smtp")),
    _says("ALPN: h2 offered and not spoken", "200 /", _good("h2")),
    Animal(
        name="a certificate is wanted",
        ours="tls_error",
        tls=_good(wants_certificate=True, newest=False),
        says={"/": HELLO},
    ),
    Animal(
        name="a certificate is wanted, TLS 1.3",
        ours="tls_error",
        scheme="https",
        talk=_refuses_after_the_handshake,
    ),
    Animal(
        name="plain http on a port of TLS",
        ours="tls_error",
        scheme="https",
        talk=answering(HELLO),
    ),
    Animal(
        name="TLS on a port of http",
        ours="protocol_error",
        scheme="http",
        tls=_good(),
        says={"/": HELLO},
    ),
    Animal(name="only old versions", ours="tls_error", scheme="https", talk=answering(_OLD)),
    Animal(name="no cipher in common", ours="tls_error", scheme="https", talk=answering(_REFUSED)),
    Animal(
        name="a name that it does not know",
        ours="tls_error",
        scheme="https",
        talk=answering(_UNRECOGNIZED),
    ),
    Animal(name="closed in the handshake", ours="tls_error", scheme="https", talk=closing),
    Animal(name="half a hello", ours="tls_error", scheme="https", talk=_stops),
    Animal(
        name="silence in the handshake", ours="timeout", scheme="https", talk=silent, hangs=True
    ),
    Animal(
        name="no goodbye of TLS after a length",
        ours="200 /",
        tls=_good(),
        talk=answering(HELLO),
    ),
    Animal(
        name="no goodbye of TLS after a body without one",
        ours="200 /",
        tls=_good(),
        talk=answering(OK + b"\r\nhello"),
    ),
    Animal(
        name="from http to TLS",
        ours="tls_error",
        says={"/": to(b"https://127.0.0.1:@OTHER@/")},
        beside={"/": HELLO},
    ),
    Animal(
        name="from TLS to http",
        ours="200 /c",
        tls=_good(),
        says={"/": to(b"http://127.0.0.1:@OTHER@/c")},
        beside={"/c": HELLO},
    ),
    Animal(name="IPv6", ours="200 /", host="[::1]", says={"/": HELLO}),
    Animal(name="IPv6 refused by its name", ours="200 /", host="localhost", says={"/": HELLO}),
)
