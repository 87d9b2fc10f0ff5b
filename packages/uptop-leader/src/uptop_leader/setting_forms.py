"""How the leader's own settings may be written, beside the forms of every role (`uptop_core.forms`)."""

from __future__ import annotations

from uptop_core.errors import SettingError
from uptop_core.forms import Form, text
from uptop_core.verdicts import strategies

NAME = text("letters, digits, '.', '_' and '-', at most 63", r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
HOST = text("an address or a host name", r"[A-Za-z0-9._:%-]+")
PUBLIC_KEY = text(
    "a public key such as: ssh-ed25519 AAAA... name",
    r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?",
)
ORIGIN = text("* or an origin such as https://www.example.com", r"\*|https?://[^\s/?#@]+")


def words(*built: str, **refused: str) -> Form[str]:
    """One of `built`; of those refused the sentence says what to do instead."""

    def read(written: str) -> str:
        word = written.lower()
        if word in refused:
            raise ValueError(refused[word])
        if word not in built:
            raise ValueError
        return word

    return Form("one of " + ", ".join(built), read)


def strategy() -> Form[str]:
    """Looked up when it is read, since installed packages may add strategies."""

    def read(written: str) -> str:
        if written.lower() not in strategies():
            raise ValueError("one of " + ", ".join(sorted(strategies())))
        return written.lower()

    return Form("any-down, majority-down, all-down, or one that is installed", read)


def region() -> Form[str]:
    form = NAME
    return Form(form.allowed, lambda written: form.read(written).lower())


def encryption_keys() -> Form[str]:
    def read(written: str) -> str:
        from uptop_leader.seal import Keyring

        try:
            Keyring.from_setting(written)
        except SettingError as error:
            raise ValueError("; ".join(problem.message for problem in error.problems)) from None
        return written

    return Form("64 hex digits; several are comma-separated", read)


def time_zone() -> Form[str]:
    def read(written: str) -> str:
        from uptop_leader.zones import zone

        return str(zone(written))

    return Form("a time zone such as Europe/Berlin", read)
