"""Which version of a thing somebody has read: ETags, and the preconditions of those who change it.

The ETag of a thing has two parts, `"<settings>.<view>"`. The first changes with what people have set
up, the second with everything that is shown. `If-None-Match` compares the whole, so that a 304 is
true of every number; `If-Match` compares the first part only, so that a vote that came in does not
stand in the way of an edit.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import msgspec

from uptop_leader.refusals import Changed, Unconditional

if TYPE_CHECKING:
    from starlette.requests import Request

_LENGTH = 16


def version_of(key: str, thing: object) -> str:
    """The first part of the ETag of `thing`. It is keyed (with the cluster's id), for a thing has
    secrets, and a plain hash would let them be guessed.
    """
    digest = hmac.digest(key.encode(), msgspec.json.encode(thing, order="sorted"), "sha256")
    return digest.hex()[:_LENGTH]


def etag_of(version: str, body: bytes = b"") -> str:
    """The ETag of a thing of this version that is shown as `body`."""
    shown = hashlib.sha256(body).hexdigest()[:_LENGTH] if body else ""
    return f'"{version}.{shown}"' if shown else f'"{version}"'


def expect(request: Request, version: str, what: str, *, needed: bool = False) -> None:
    """Refuse a change by somebody who has read another version (Changed), or, where it is `needed`
    to say which one, by somebody who does not say (Unconditional).
    """
    written = request.headers.get("if-match", "").strip()
    if not written:
        if needed:
            raise Unconditional
        return
    known = {part.strip().strip('"').partition(".")[0] for part in written.split(",")}
    if "*" not in known and version not in known:
        raise Changed(what)
