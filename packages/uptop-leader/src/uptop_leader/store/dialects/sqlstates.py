"""What an error of PostgreSQL means, by its SQLSTATE. Never what the server says of it: that may
show values of rows.
"""

from __future__ import annotations

_BY_STATE = {
    "28P01": "refuses the password",
    "28000": "does not let this user in",
    "3D000": "does not exist",
    "53100": "cannot grow: its disk is full",
    "53200": "is out of memory",
    "53300": "has too many connections already",
    "25006": "is read-only: it is a standby, or set to be",
    "25P03": "ended a transaction that had waited too long for this program",
    "42501": "does not let its user do this: make that user the owner of the database",
    "42P01": "lacks a table: it was changed by another program",
    "55P03": "is locked by another program",
    "57014": "took too long to answer",
    "57P01": "is being shut down",
    "57P02": "has crashed and starts anew",
    "57P03": "is starting up or shutting down",
    "40001": "had another change at the same time",
    "40P01": "had another change at the same time",
}
_BY_CLASS = {
    "08": "cannot be reached, or its connection broke",
    "53": "is out of resources",
    "57": "was interrupted by its operator",
    "58": "cannot be read or written: its system reports an error",
    "XX": "is damaged, or its server is faulty",
}
# An error while connecting has no state; what libpq says is then looked through.
_BY_WORDS = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "does not exist": "3D000",
    "too many clients": "53300",
    "too many connections": "53300",
    "connection slots": "53300",
    "the database system is": "57P03",
}


def sentence(error: BaseException | None) -> str:
    """The end of a sentence that begins with the database's name."""
    state = str(getattr(error, "sqlstate", None) or "")
    if not state and error is not None:
        said = str(error)
        state = next((known for words, known in _BY_WORDS.items() if words in said), "")
    if not state:
        if type(error).__name__ in ("OperationalError", "ConnectionTimeout"):
            return _BY_CLASS["08"]
        return f"does not work: {type(error).__name__}"
    known = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    return known or f"does not work: {type(error).__name__} ({state})"
