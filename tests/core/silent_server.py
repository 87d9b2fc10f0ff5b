"""A look at a name while the first of two name servers is silent; run by `test_resolver_options` as

    unshare --net --mount sh -ec "$WALLS" sh FOLDER python -m tests.core.silent_server

Prints the outcome as JSON.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

import anyio
import dns.message
import dns.rrset
import msgspec

from uptop_core import Outcome, Vantage, run_check
from uptop_core.checks.port import PortCheck
from uptop_core.prober.resolver_options import hasten_resolver

WALLS = """
ip link set lo up
printf 'nameserver 127.0.0.1\\nnameserver 127.0.0.2\\n' >"$1/resolv.conf"
echo 'hosts: dns' >"$1/nsswitch.conf"
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
shift
exec "$@"
"""


def main() -> None:
    """Look once, as a program that looks does."""
    silent, there = _bound("127.0.0.1"), _bound("127.0.0.2")
    threading.Thread(target=_answer, args=[there], daemon=True).start()
    hasten_resolver(os.environ)
    with socket.create_server(("127.0.0.1", 0)) as target, silent:
        port = target.getsockname()[1]
        outcome: Outcome = anyio.run(_look, port)
    sys.stdout.write(msgspec.json.encode(outcome).decode())


async def _look(port: int) -> Outcome:
    vantage = Vantage(allow_private=True)
    return await run_check(PortCheck(hostname="a.example", port=port), vantage=vantage)


def _bound(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    return sock


def _answer(sock: socket.socket) -> None:
    while True:
        wire, where = sock.recvfrom(4096)
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.A:
            name = query.question[0].name
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.1"))
        sock.sendto(answer.to_wire(), where)


if __name__ == "__main__":
    main()
