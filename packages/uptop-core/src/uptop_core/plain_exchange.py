"""An exchange whose errors say in plain words what stands in the way: the token, the leader's age, its
certificate, or something in between that answers in its place.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from uptop_core.errors import (
    LeaderOld,
    LeaderStrange,
    LeaderUntrusted,
    TokenRefused,
)
from uptop_core.escaping import escape
from uptop_core.exchange import Exchange

if TYPE_CHECKING:
    from uptop_core.errors import LeaderAway, LeaderBusy, LeaderRefused
    from uptop_core.exchange import Answer


class PlainExchange(Exchange):
    """For people's programs; nodes try again whatever it is."""

    def _unheard(self, error: Exception) -> LeaderAway:
        if (tls := _tls_error(error)) is not None:
            return LeaderUntrusted(self.url, _tls_words(tls))
        return super()._unheard(error)

    def _failure(self, answer: Answer) -> LeaderAway | LeaderBusy | LeaderRefused:
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if not kind.endswith("json"):
            return LeaderStrange(self.url, _stranger(answer))
        failure = super()._failure(answer)
        code = getattr(failure, "code", "")
        if answer.status == 401:
            return TokenRefused(self.url, is_shown="Authorization" in self._headers)
        if answer.status == 404 and code == "no_address":
            return LeaderOld(self.url, "this part of the API")
        return failure


def _stranger(answer: Answer) -> str:
    """Who it seems to be that answered in the leader's place."""
    named = answer.headers.get("Via") or answer.headers.get("Server") or "something in between"
    return f"{escape(named, 60)} says HTTP {answer.status}"


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """The TLS error that this one came from, if it did."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _tls_words(error: ssl.SSLError) -> str:
    if error.reason == "WRONG_VERSION_NUMBER":
        return "it speaks no TLS there: try http://"
    return getattr(error, "verify_message", "") or error.reason or "the handshake failed"
