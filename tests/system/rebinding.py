"""Checks on a machine of its own, whose name server changes its answers.

    unshare --net --mount sh -ec "$WALLS" sh python -m tests.system.rebinding

A network of its own lets a public address be one of this machine's, so that the guard is tried as it
is on the internet: with private targets refused, the system's own resolver, and a real name server.
Prints, as JSON, what each look said and how often its name was asked for; and to which of our addresses
somebody came.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import Counter
from typing import Any

import anyio
import dns.message

from tests.core.dns_listener import Answer, dns_listener, reply
from uptop_core import Check, run_check
from uptop_core.errors import UptopError
from uptop_core.kinds import KINDS

PUBLIC = "93.184.216.34"
WALLS = f"""
ip link set lo up
ip address add {PUBLIC}/32 dev lo
folder=$1
shift
echo 'nameserver 127.0.0.1' >"$folder/resolv.conf"
echo 'hosts: dns' >"$folder/nsswitch.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
mount --bind "$folder/nsswitch.conf" /etc/nsswitch.conf
exec "$@"
"""
_LAST = "127.0.0.2"
KINDS_THAT_CONNECT = ("http", "http2", "port", "tls", "websocket", "ssh", "smtp", "grpc")
NAMES = {
    "both": ("A 93.184.216.34", "A 127.0.0.1"),
    "six": ("A 93.184.216.34", "AAAA ::1"),
    "mapped": ("A 93.184.216.34", "AAAA ::ffff:127.0.0.1"),
    "inside": ("A 10.0.0.1",),
    "alias": ("CNAME loop.example.", "A 127.0.0.1"),
    "metadata": ("A 169.254.169.254",),
}
"""What stands in the name server for names that do not change."""
FORMS = (
    *("127.0.0.1", "localhost", "localhost.", "loop.example", "[::1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]"),
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "127。0。0。1"),
    *("１２７.0.0.1", "①②⑦.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00.example", "ⓛocalhost", "[::1%25lo]"),
    *("public.example@127.0.0.1", "public.example:80@127.0.0.1", "public.example%40127.0.0.1"),
    *("127.0.0.1\\@public.example", "127.0.0.1#@public.example", "127.0.0.1?@public.example"),
    *("\t127.0.0.1", "[127.0.0.1]", "[::ffff:127.0.0.1", "127.0.0.1%0d%0a", "public.example\\@127.0.0.1"),
)  # fmt: skip
"""Ways to write this machine, or what some reader takes for it, where a redirect leads."""


class Place:
    """Listens on all addresses, knows to which of them somebody came, and redirects."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.leads_to = ""
        self._listener = socket.create_server(
            ("", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100
        )
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def all_that_came(self) -> list[str]:
        """The addresses, when the last one has been let in: connections are, in their order."""
        with socket.create_connection((_LAST, self.port)) as last:
            last.recv(1)
        return self.came[: self.came.index(_LAST)]

    def _serve(self) -> None:
        while True:
            stream, _ = self._listener.accept()
            self.came.append(stream.getsockname()[0].removeprefix("::ffff:"))
            with stream:
                stream.settimeout(1)
                try:
                    asked = b"" if self.came[-1] == _LAST else stream.recv(4096)
                    stream.sendall(self._answer(asked))
                except OSError:
                    continue

    def _answer(self, asked: bytes) -> bytes:
        if not asked.startswith(b"GET /away "):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        location = f"Location: {self.leads_to}\r\n".encode()
        return (
            b"HTTP/1.1 302 Found\r\n" + location + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        )


class Names:
    """The name server: a name that begins with `moves` is public at first, and inside from then on."""

    def __init__(self) -> None:
        self.asked = Counter[str]()

    def __call__(self, query: dns.message.Message, tcp: bool) -> list[Answer]:
        (question,) = query.question
        name = question.name.to_text().lower()
        kind = question.to_text().split()[-1]
        self.asked[name] += kind == "A"
        label = name.partition(".")[0]
        records: tuple[str, ...]
        if label.startswith("moves"):
            records = (f"A {PUBLIC if self.asked[name] == 1 else '127.0.0.1'}",)
        else:
            records = NAMES.get(label, ("A 127.0.0.1",) if label != "public" else (f"A {PUBLIC}",))
        fitting = [one for one in records if one.split()[0] in (kind, "CNAME")]
        owners = (
            "loop.example." if "CNAME" in records[0] and "CNAME" not in one else name
            for one in fitting
        )
        return [
            reply(query, *(f"{owner} 0 {one}" for owner, one in zip(owners, fitting, strict=True)))
        ]


def check_of(kind: str, host: str, port: int, path: str = "") -> Check:
    """A check of that kind."""
    if kind in ("http", "http2", "websocket"):
        scheme = "ws" if kind == "websocket" else "http"
        more = {"http2": True} if kind == "http2" else {}
        made: Any = KINDS["http" if kind == "http2" else kind]
        return made(url=f"{scheme}://{host}:{port}/{path}", **more)  # type: ignore[no-any-return]
    named: Any = KINDS[kind]
    return named(hostname=host, port=port)  # type: ignore[no-any-return]


async def looks(place: Place, names: Names) -> list[dict[str, Any]]:
    """All that is tried."""
    said: list[dict[str, Any]] = []

    async def look(what: str, kind: str, host: str, path: str = "") -> None:
        name = f"{host.lower()}."
        before = names.asked[name]
        try:
            outcome = await run_check(check_of(kind, host, place.port, path), timeout=3.0)
            reason = outcome.reason.value if outcome.reason else "up"
        except UptopError as error:
            reason = type(error).__name__
        asked = names.asked[name] - before
        said.append({"what": what, "reason": reason, "asked": asked})

    for kind in KINDS_THAT_CONNECT:
        await look(f"{kind}: first", kind, f"moves-{kind}.example")
        await look(f"{kind}: then", kind, f"moves-{kind}.example")
    place.leads_to = f"http://moves-redirect.example:{place.port}/"
    await look("redirect to itself", "http", "moves-redirect.example", "away")
    for name in NAMES:
        await look(f"name: {name}", "http", f"{name}.example")
    place.leads_to = f"http://public.example:{place.port}/"
    await look("redirect: public", "http", "public.example", "away")
    for engine in ("http", "http2"):
        for form in FORMS:
            place.leads_to = f"http://{form}:{place.port}/"
            await look(f"redirect by {engine}: {form}", engine, "public.example", "away")
    return said


def main() -> None:
    """See above."""
    place, names = Place(), Names()
    with dns_listener(names, port=53):
        said = anyio.run(looks, place, names)
    json.dump({"looks": said, "came": place.all_that_came()}, sys.stdout)


if __name__ == "__main__":
    main()
