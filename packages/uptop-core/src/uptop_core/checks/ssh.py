"""ssh: up means that an SSH server greets and shows its host key, or the one that is expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from uptop_core.errors import CheckFailed, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import HostCheck, IpVersion, Port
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")


class SshCheck(HostCheck, tag="ssh", frozen=True, kw_only=True, omit_defaults=True):
    """Connects to `hostname`:`port`, reads the banner and the host key. Nobody logs in.

    `expect` is a text that the banner must contain. `fingerprint` is that of the host key, as
    `ssh-keygen -l` and ssh itself write it (`SHA256:…`). A server may have several keys, and
    `key_type` says which one to ask for; `any` is ed25519, else ecdsa, else rsa. The key is the
    one that the server shows. It is not proved that the server holds its private key, so this
    finds a server that was replaced or set up again, not one that means to deceive. `host_key:
    false` reads the banner only. `ip_version` 4 or 6 uses only addresses of that version; 0 uses
    both, and the one that answers first.

    Conditions can use `json(banner)`, `json(key_type)` and `json(fingerprint)`.
    """

    example: ClassVar[str] = "hostname: shell.example.com"

    port: Port = 22
    expect: Annotated[str, Meta(max_length=255)] = ""
    host_key: bool = True
    key_type: Literal["any", "ed25519", "ecdsa", "rsa"] = "any"
    fingerprint: str = ""
    ip_version: IpVersion = 0

    def problems(self) -> Iterator[Problem]:
        """A host that is none, a fingerprint that cannot be one or is not looked at."""
        yield from super().problems()
        if self.fingerprint and not _FINGERPRINT.fullmatch(self.fingerprint):
            yield Problem("fingerprint", "must be SHA256: and 43 characters of base64")
        if not self.host_key and (self.fingerprint or self.key_type != "any"):
            yield Problem("host_key", "must be true when a fingerprint or key_type is expected")

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import dialogue, ssh  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Greet, have the key shown, compare."""
        import msgspec

        from uptop_core.prober import ssh
        from uptop_core.prober.dialogue import dialogue

        found: dict[str, str] = {}
        async with dialogue(look, self.hostname, self.port, self.ip_version) as talk:
            talk.listen(look)
            found["banner"] = await ssh.greet(talk)
            if self.host_key:
                key = await ssh.read_host_key(talk, self._algorithms)
                found |= {"key_type": key.type, "fingerprint": key.fingerprint}
            talk.end(look)
            await ssh.leave(talk)
        look.body = msgspec.json.encode(found)
        self._judge(found)

    @property
    def _algorithms(self) -> tuple[str, ...]:
        from uptop_core.prober.ssh import KEY_TYPES

        if self.key_type != "any":
            return KEY_TYPES[self.key_type]
        return tuple(one for several in KEY_TYPES.values() for one in several)

    def _judge(self, found: dict[str, str]) -> None:
        banner = found["banner"]
        if self.expect not in banner:
            what = f'"{escape(self.expect, 60)}" is not in the banner "{escape(banner, 100)}"'
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        if self.fingerprint and found["fingerprint"] != self.fingerprint.rstrip("="):
            what = f"the host key ({found['key_type']}) has the fingerprint {found['fingerprint']}"
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, f"{what}, not the expected one")
