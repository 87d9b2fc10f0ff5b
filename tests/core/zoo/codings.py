"""Packed bodies: good, broken, cut off, double, bombs, and heads that do not say what is there."""

from __future__ import annotations

import gzip
import zlib

from tests.core.zoo.animal import OK, Animal

_GZIP = gzip.compress(b"hello" * 2000)
_ZLIB = zlib.compress(b"hello" * 2000)
_RAW = zlib.compress(b"hello" * 2000, wbits=-15)
_BROTLI = b"\x8b\x02\x80hello\x03"  # "hello"
_BROKEN = _GZIP[:20] + bytes(byte ^ 0xFF for byte in _GZIP[20:])
_BOMB = gzip.compress(bytes(64 * 1024 * 1024))


def _coded(name: str, coding: str, body: bytes, ours: str) -> Animal:
    head = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return Animal(name=name, ours=ours, says={"/": OK + head + body})


ANIMALS = (
    _coded("gzip", "gzip", _GZIP, "200 /"),
    _coded("gzip in capitals", "GZip", _GZIP, "200 /"),
    _coded("x-gzip", "x-gzip", _GZIP, "200 /"),
    _coded("deflate", "deflate", _ZLIB, "200 /"),
    _coded("deflate without its wrapping", "deflate", _RAW, "200 /"),
    _coded("brotli", "br", _BROTLI, "200 /"),
    _coded("identity", "identity", b"hello", "200 /"),
    _coded("a coding that nobody knows", "rot13", b"uryyb", "200 /"),
    _coded("an empty coding", "", b"hello", "200 /"),
    _coded("an empty body that is gzip", "gzip", b"", "200 /"),
    _coded("gzip of nothing", "gzip", gzip.compress(b""), "200 /"),
    _coded("two members of gzip", "gzip", _GZIP + _GZIP, "200 /"),
    _coded("gzip with rubbish after it", "gzip", _GZIP + b"rubbish", "200 /"),
    _coded("gzip that is none", "gzip", b"hello", "protocol_error"),
    _coded("deflate that is none", "deflate", b"\xff\xff\xff\xff", "protocol_error"),
    _coded("gzip that is broken", "gzip", _BROKEN, "protocol_error"),
    _coded("gzip with a wrong sum", "gzip", _GZIP[:-8] + bytes(8), "protocol_error"),
    _coded("gzip that is cut off", "gzip", _GZIP[:-12], "200 /"),
    _coded("deflate that is cut off", "deflate", _ZLIB[:-6], "200 /"),
    _coded("gzip twice", "gzip, gzip", gzip.compress(_GZIP), "200 /"),
    _coded("deflate in gzip", "deflate, gzip", gzip.compress(_ZLIB), "200 /"),
    _coded("gzip twice, said once", "gzip", gzip.compress(_GZIP), "200 /"),
    _coded("gzip called deflate", "deflate", _GZIP, "protocol_error"),
    _coded("a bomb", "gzip", _BOMB, "200 /"),
    _coded("a bomb in a bomb", "gzip, gzip", gzip.compress(_BOMB), "200 /"),
)
