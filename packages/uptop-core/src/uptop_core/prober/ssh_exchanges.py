"""The key exchanges of SSH that can be begun without cryptography: our half is never to be used, so
that any number will do for which the server works out its own and shows its host key.

Each method is one function from nothing to our public value, by the names in which servers offer it.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The generators of the curves (FIPS 186-4, D.1.2), uncompressed: points that everybody knows, but
# points of the curve, as servers make sure of.
_NIST = {
    "256": (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    ),
    "384": (
        "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
    ),
    "521": (
        "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ff"
        "a8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd1727"
        "3e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
    ),
}
_SNTRUP_KEY, _MLKEM_KEY = 1158, 1184  # bytes; what is all zero is a key that nobody refuses


def _point(bits: str) -> bytes:
    return bytes.fromhex(_NIST[bits])


def _hybrid(key_bytes: int) -> bytes:
    return bytes(key_bytes) + os.urandom(32)


def below(prime_bytes: int) -> bytes:
    """A positive number below any prime of that length."""
    return b"\x01" + os.urandom(max(0, prime_bytes - 2))


EXCHANGES: Mapping[str, Callable[[], bytes]] = {
    "curve25519-sha256": partial(os.urandom, 32),  # RFC 8731
    "curve25519-sha256@libssh.org": partial(os.urandom, 32),
    "curve448-sha512": partial(os.urandom, 56),
    "ecdh-sha2-nistp256": partial(_point, "256"),  # RFC 5656
    "ecdh-sha2-nistp384": partial(_point, "384"),
    "ecdh-sha2-nistp521": partial(_point, "521"),
    "diffie-hellman-group14-sha256": partial(below, 256),  # RFC 8268
    "diffie-hellman-group16-sha512": partial(below, 512),
    "diffie-hellman-group18-sha512": partial(below, 1024),
    "sntrup761x25519-sha512": partial(_hybrid, _SNTRUP_KEY),
    "sntrup761x25519-sha512@openssh.com": partial(_hybrid, _SNTRUP_KEY),
    "mlkem768x25519-sha256": partial(_hybrid, _MLKEM_KEY),
    "diffie-hellman-group14-sha1": partial(below, 256),
    "diffie-hellman-group1-sha1": partial(below, 128),  # of switches that will not die
}
"""Those that begin with our public value, the ones we ask for first in front."""

BY_GROUP = ("diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1")
"""Those in which the server chooses a group first (RFC 4419)."""
