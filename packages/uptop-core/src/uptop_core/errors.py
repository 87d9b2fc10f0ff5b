"""Every error this project raises on purpose, in one tree. Each takes facts and makes the sentence.

UptopError
├── InputError            what a person wrote cannot be used; carries every problem found
│   ├── SettingError      an environment variable or flag
│   └── ConfigError       a configuration file or an API body
├── CheckFailed           ends a look with a reason; `run_check` makes the outcome of it
├── MissingExtra          a kind needs an optional package that is not installed
├── LeaderError           asking the leader's API did not work
│   ├── LeaderAway        no answer, or an answer that is not a leader's
│   │   ├── LeaderStrange an answer, but not like a leader's: something else is at that URL
│   │   └── LeaderUntrusted no TLS connection, or a certificate that proves nothing
│   ├── LeaderBusy        429 or 503: try again, later or elsewhere
│   └── LeaderRefused     any other 4xx: the same request will not work again
│       ├── TokenRefused  401: no API token, or one that is not known
│       └── LeaderOld     it does not know what is asked: it is older than who asks
├── StoreError            the database cannot be read or written now
│   └── StoreTooNew       the database was written by a newer version
├── SealError             a secret cannot be opened with the keys at hand
└── DeliveryError         a notification did not get through; permanent or not
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.outcomes import Reason


class UptopError(Exception):
    """The root of the tree: everything this project raises on purpose."""


class Problem(Struct, frozen=True):
    """One thing wrong with what a person wrote.

    `field` is a dotted path such as `monitors[2].port`, `message` says what is wrong and what is
    allowed, `line` is 1-based where a file has lines.
    """

    field: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.field}: {self.message}" if self.field else f"{where}{self.message}"


class InputError(UptopError):
    """Raised when what a person wrote cannot be used. Nothing has been changed."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        prefix = f"{source}: " if source else ""
        super().__init__("\n".join(f"{prefix}{problem}" for problem in self.problems))


class SettingError(InputError):
    """Raised when environment variables or flags hold values that are not allowed."""


class ConfigError(InputError):
    """Raised when a configuration file or an API body cannot be used."""


class CheckFailed(UptopError):
    """Raised inside a check to end it: the target is down, and why. `detail` carries no secret."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}")


class MissingExtra(UptopError):
    """Raised when a feature needs an extra that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs an extra: pip install '{extra}'")


class LeaderError(UptopError):
    """Raised when a request to the leader's API did not work."""


class LeaderAway(LeaderError):
    """Raised when nothing answered, or something that is not a leader did."""

    def __init__(self, url: str, what: str) -> None:
        self.url = url
        super().__init__(f"no leader at {url}: {what}")


class LeaderStrange(LeaderAway):
    """Raised when what answered is something else: it says nothing of a leader. `what` tells who
    it seems to be.
    """

    def __init__(self, url: str, what: str = "") -> None:
        said = f": {what}" if what else ""
        super().__init__(url, f"answered, but not like a leader{said}")


class LeaderUntrusted(LeaderAway):
    """Raised when no TLS connection comes about."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(url, what)
        self.args = (f"no TLS connection to {url}: {what}",)


class LeaderBusy(LeaderError):
    """Raised on 429 and 503: the leader asks to come again, after `retry_after_s` if it says so."""

    def __init__(self, url: str, status: int, what: str, retry_after_s: float | None) -> None:
        self.url = url
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(f"{url} answered {status}: {what}")


class LeaderRefused(LeaderError):
    """Raised on any other 4xx. `code` is the short word the answer carries, such as `unregistered`;
    `problems` are the fields that are wrong, where it names them.
    """

    def __init__(
        self, url: str, status: int, code: str, what: str, problems: Sequence[Problem] = ()
    ) -> None:
        self.url = url
        self.status = status
        self.code = code
        self.problems = tuple(problems)
        super().__init__(f"{url} answered {status}: {what}")


class TokenRefused(LeaderRefused):
    """Raised on 401: there is no API token, or it is not known, or it has expired."""

    def __init__(self, url: str, *, is_shown: bool) -> None:
        super().__init__(url, 401, "unauthorized", "")
        known = f"{url} does not know this API token, or it has expired"
        self.args = (known if is_shown else f"{url} needs an API token",)


class LeaderOld(LeaderRefused):
    """Raised when the leader does not know what is asked for, though it is one."""

    def __init__(self, url: str, path: str) -> None:
        super().__init__(url, 404, "no_address", "")
        self.args = (f"the leader at {url} is older than this program: it has no {path}",)


class StoreError(UptopError):
    """Raised when the database cannot be read or written now; nothing was changed."""


class StoreTooNew(StoreError):
    """Raised when the database was written by a newer version of the program."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database is at revision {found}, which this version does not know:"
            " install the version that wrote it, or a newer one"
        )


class SealError(UptopError):
    """Raised when a sealed secret cannot be opened with the keys at hand."""


class DeliveryError(UptopError):
    """Raised by a provider when a message did not get through.

    `permanent` means that sending the same again cannot work (a bad token, a deleted channel).
    `unknown` means that the receiver may have it all the same (cut off while waiting for the
    answer). `retry_after_s` is how long the service asks to wait. The text carries no URL and no
    token.
    """

    def __init__(
        self,
        what: str,
        *,
        permanent: bool = False,
        unknown: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        self.permanent = permanent
        self.unknown = unknown
        self.retry_after_s = retry_after_s
        super().__init__(what)
