"""Secrets at rest: sealed before they are stored, opened after they are read (DESIGN 13).

A sealed text is `v1.<key id>.<nonce>.<ciphertext>`: AES-256-GCM with a random nonce of 96 bits, the
identity of the row as associated data, so that a sealed text moved to another row does not open.
The first key seals, all keys open. Without keys texts stay as they are, and the 6 MB of memory that
the ciphers take are not taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from typing import TYPE_CHECKING

from uptop_core.errors import Problem, SealError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SETTING = "UPTOP_ENCRYPTION_KEY"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SEALED = re.compile(r"v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})")


def is_sealed(text: str) -> bool:
    """Whether `text` has the form of a sealed secret."""
    return _SEALED.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """How an API token or node key is stored; they are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_secret(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


class Keyring:
    """The keys of this installation. The first one seals, all of them open."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._keys = tuple(dict.fromkeys(keys))
        if any(len(key) != _KEY_BYTES for key in self._keys):
            raise ValueError(f"a key has {_KEY_BYTES} bytes")
        self._ciphers = _ciphers(self._keys)

    @classmethod
    def from_setting(cls, text: str) -> Keyring:
        """Keys as people write them: 64 hex digits each, comma-separated; empty for none.

        A SettingError says which key is wrong and how, and shows no key.
        """
        if not text.strip():
            return cls()
        words = [word.strip() for word in text.split(",")]
        problems = [
            Problem(SETTING, f"key {number} of {len(words)} {wrong}; a key is 64 hex digits")
            for number, word in enumerate(words, 1)
            if (wrong := _wrong_with(word))
        ]
        if problems:
            raise SettingError(problems)
        return cls(bytes.fromhex(word) for word in words)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def seal(self, plain: bytes | str, identity: str) -> str:
        """`plain` (UTF-8) sealed under the first key for the row `identity`; as it is without keys.

        Every call takes a new nonce, so sealing the same again gives another text.
        """
        text = plain if isinstance(plain, str) else plain.decode()
        if not self._keys:
            return text
        key_id = _key_id(self._keys[0])
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[key_id].encrypt(nonce, text.encode(), identity.encode())
        return f"v1.{key_id}.{_encode(nonce)}.{_encode(ciphertext)}"

    def open(self, sealed: str, identity: str) -> str:
        """What was sealed for the row `identity`. A text that is not sealed comes back as it is.

        Raises SealError for a key that is not there, a changed text, or another row's.
        """
        parts = _SEALED.fullmatch(sealed)
        if parts is None:
            return sealed
        key_id, nonce, ciphertext = parts.groups()
        if not self._ciphers:
            raise SealError(f"{identity} is sealed, and {SETTING} is not set")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            known = ", ".join(self._ciphers)
            raise SealError(
                f"{identity} is sealed under key {key_id}, and {SETTING} holds only {known}"
            )
        from cryptography.exceptions import InvalidTag

        try:
            return cipher.decrypt(_decode(nonce), _decode(ciphertext), identity.encode()).decode()
        except (InvalidTag, binascii.Error, UnicodeDecodeError) as error:
            raise SealError(
                f"{identity} does not open: the sealed text was changed or belongs to another row"
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Whether a sealed text is under the first key."""
        parts = _SEALED.fullmatch(sealed)
        return parts is not None and bool(self._keys) and parts[1] == _key_id(self._keys[0])


def _ciphers(keys: tuple[bytes, ...]) -> Mapping[str, AESGCM]:
    """The cipher of each key, by the key's id."""
    if not keys:
        return {}
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return {_key_id(key): AESGCM(key) for key in keys}


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"uptop key id v1" + key).hexdigest()[:8]


def _wrong_with(word: str) -> str:
    if not word:
        return "is empty"
    if not re.fullmatch(r"[0-9A-Fa-f]*", word):
        return "has characters other than 0-9 and a-f"
    if len(word) != 2 * _KEY_BYTES:
        return f"has {len(word)} characters"
    return ""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(data) != text:
        # The last character may have spare bits: a text changed only there must not open either.
        raise binascii.Error("not the canonical form")
    return data
